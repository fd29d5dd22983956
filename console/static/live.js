// The line to the server: what happens elsewhere comes in as fragments; after a gap it says where it stopped reading.
import { signInAgain } from './http.js'
import { toast } from './menus.js'
import { apply, byId, takeAway } from './upsert.js'
import { language, ngettext } from './words.js'

const PING_EVERY = 20_000
const ANSWER_WITHIN = 8_000
const SPEAK_AFTER = 1_500
const POLL_AFTER = 3
const SHORTEST = 300
const LONGEST = 10_000

export const state = { head: Number(document.body.dataset.head), view: document.body.dataset.view, filters: document.body.dataset.filters, open: null }
/** The list that is shown, as an address names it. */
export const where = () => `view=${state.view}${state.filters && `&${state.filters}`}`
const reloads = {}
const listeners = []
export const whenReloaded = (part, reload) => { reloads[part] = reload }
export const whenConnected = (listener) => listeners.push(listener)

let socket, retry, patience, worry, leaving
let failures = 0
let frames = 0
let greetings = 0
let answered = 0
let wasCut = false
let isPolling = false

export function tell(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}

/**
 * Says what the page shows and from where on it wants to hear. Until that is answered nothing moves `head` on: cut
 * before, the page asks again from the same place, and not from one where something else was shown.
 */
export function greet({ head = state.head, open = state.open } = {}) {
  state.head = head
  greetings += 1
  tell({ t: 'hello', number: greetings, head, view: state.view, filters: state.filters, open, language })
}

/** One pill says how the line is; its words stand in the page. */
function say(what, news = 0) {
  const pill = byId('connection')
  clearTimeout(leaving)
  if (what === 'back') {
    if (!news && !pill.dataset.says) return
    pill.querySelector('[data-news]').textContent = news ? ngettext(', {n} novedad', ', {n} novedades', news) : ''
    leaving = setTimeout(say, 4_000, '')
  }
  pill.dataset.says = what
}
const trouble = () => say(!navigator.onLine ? 'offline' : isPolling ? 'slow' : failures > 6 ? 'failed' : 'connecting')

export function connect() {
  clearTimeout(retry)
  if (socket) return
  const line = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/live`)
  let isFirst = true
  frames = 0
  socket = line
  worry ??= setTimeout(trouble, SPEAK_AFTER)
  line.onopen = () => greet()
  line.onclose = ({ code }) => line === socket && lost(code)
  line.onmessage = ({ data }) => {
    if (line !== socket) return
    if (isFirst) {
      failures = 0
      isPolling = false
    }
    receive(data, isFirst)
    isFirst = false
  }
}

function receive(data, isFirst) {
  const cut = data.indexOf('\n')
  const control = JSON.parse(cut < 0 ? data : data.slice(0, cut))
  frames += 1
  if (control.n !== frames) return hangUp()
  clearTimeout(patience)
  clearTimeout(worry)
  patience = worry = null
  if (wasCut && control.caught_up !== undefined) {
    wasCut = false
    say('back', control.caught_up)
  } else if (byId('connection').dataset.says === 'offline' && navigator.onLine) say('')
  control.remove?.forEach(takeAway)
  if (cut >= 0) apply(data.slice(cut + 1))
  if (control.hello !== undefined) answered = control.hello
  if (control.head !== undefined && answered === greetings) state.head = control.head
  for (const part of control.reload ?? []) reloads[part]?.()
  if (control.toast) toast(control.toast)
  if (isFirst) listeners.forEach((listener) => listener())
}

function lost(code) {
  socket = null
  wasCut = true
  clearTimeout(patience)
  patience = null
  if (code === 4401) return signInAgain()
  if (code === 4429) return say('tabs')
  if (code === 4403) Object.values(reloads).forEach((reload) => reload())
  failures += 1
  if (failures >= POLL_AFTER) poll()
  if (failures > 6 || !navigator.onLine) trouble()
  else worry ??= setTimeout(trouble, SPEAK_AFTER)
  retry = setTimeout(connect, Math.random() * Math.min(LONGEST, SHORTEST * 2 ** failures))
}

/** Where only the socket is kept from us, by a proxy perhaps, the page is read again at every try to open it. */
async function poll() {
  if (!(await reloads.counts()) || socket?.readyState === WebSocket.OPEN) return
  isPolling = true
  trouble()
  reloads.list()
  reloads.pane()
}

/** Asks for a sign of life: a line that stays silent is dead, even if the system has not noticed. */
function ping() {
  if (!socket) return connect()
  tell({ t: 'ping' })
  patience ??= setTimeout(hangUp, ANSWER_WITHIN)
}

function hangUp() {
  const line = socket
  lost(1006)
  line?.close()
}

setInterval(() => socket && ping(), PING_EVERY)
// Who signs out leaves by that door: the line, which ends as well, must not lead away before it has answered.
addEventListener('submit', ({ target }) => {
  if (socket && target.getAttribute('action') === '/logout') socket.onclose = null
})
addEventListener('online', ping)
addEventListener('offline', trouble)
document.addEventListener('visibilitychange', () => document.hidden || ping())
byId('connection').addEventListener('click', ({ target }) => target.closest('button') && ping())

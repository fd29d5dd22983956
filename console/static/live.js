// The line to the server: what happens elsewhere comes in as fragments; after a gap it says where it stopped reading.
import { signInAgain } from './http.js'
import { apply } from './upsert.js'
import { hush, hushOffline, say } from './pill.js'
import { toast } from './menus.js'

const PING = 20_000
const ANSWER_WITHIN = 8_000
const SHORTEST = 300
const LONGEST = 10_000
const SPEAK_AFTER = 1_500

export const state = { head: Number(document.body.dataset.head), view: document.body.dataset.view, open: null }
const reloads = {}
const onConnected = []
let socket = null
let failures = 0
let retry, patience, worry
let wasCut = false
let fresh = true

export const whenReloaded = (part, reload) => { reloads[part] = reload }
export const whenConnected = (listener) => onConnected.push(listener)
export const isConnected = () => socket?.readyState === WebSocket.OPEN
export function tell(message) {
  if (isConnected()) socket.send(JSON.stringify(message))
}

export function connect() {
  clearTimeout(retry)
  if (socket && socket.readyState < WebSocket.CLOSING) return
  const line = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`)
  socket = line
  fresh = true
  worry ??= setTimeout(() => say(navigator.onLine ? 'connecting' : 'offline'), SPEAK_AFTER)
  line.onopen = () => tell({ t: 'hello', head: state.head, view: state.view, open: state.open })
  line.onmessage = ({ data }) => line === socket && receive(data)
  line.onclose = ({ code }) => line === socket && lost(code)
}

function receive(data) {
  const cut = data.indexOf('\n')
  const control = JSON.parse(cut < 0 ? data : data.slice(0, cut))
  settled(control)
  for (const id of control.remove ?? []) document.getElementById(id)?.remove()
  if (cut >= 0) apply(data.slice(cut + 1))
  if (control.head !== undefined) state.head = control.head
  for (const part of control.reload ?? []) reloads[part]?.()
  if (control.toast) toast(control.toast)
}

function settled(control) {
  clearTimeout(patience)
  patience = null
  hushOffline()
  if (fresh) {
    fresh = false
    failures = 0
    clearTimeout(worry)
    worry = null
    if (!wasCut) hush()
    else {
      wasCut = false
      say('back', control.caught_up ?? 0)
    }
    onConnected.forEach((listener) => listener())
  } else if (control.caught_up) say('back', control.caught_up)
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
  worry ??= setTimeout(() => say(navigator.onLine ? 'connecting' : 'offline'), SPEAK_AFTER)
  if (!navigator.onLine) say('offline')
  else if (failures > 6) say('failed')
  retry = setTimeout(connect, SHORTEST + Math.random() * Math.min(LONGEST, SHORTEST * 2 ** failures))
}

/** Asks for a sign of life; a line that stays silent is dead even if the system has not noticed. */
function ping() {
  if (!isConnected()) return
  tell({ t: 'ping' })
  patience ??= setTimeout(() => {
    const dead = socket
    lost(1006)
    dead.close()
  }, ANSWER_WITHIN)
}

export function connectNow() {
  failures = 0
  if (isConnected()) ping()
  else connect()
}

setInterval(ping, PING)
addEventListener('online', connectNow)
addEventListener('offline', () => say('offline'))
document.addEventListener('visibilitychange', () => document.hidden || connectNow())

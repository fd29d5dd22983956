// The bot at work: what happens comes in as fragments, the dialogue that is open goes on, and the keys of console/shortcuts.py ("bot", "phrases").
import { ask } from './http.js'
import { connect, tell, whenConnected, whenReloaded } from './live.js'
import { obey, toPhrase } from './phrases.js'
import { afterUpsert, apply, byId, parse } from './upsert.js'

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  l: () => toPhrase(),
  m: take,
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
}
const list = () => byId('bot-sessions')
const replay = () => byId('replay')
const opened = () => replay().dataset.session
const line = () => list().querySelector('li.on')?.textContent
const look = () => tell({ t: 'bot', session: Number(opened()) || null })
let before = line()

async function readAll() {
  const came = await ask(`/bot/parts${opened() && `?session=${opened()}`}`)
  if (came?.status === 403) return location.reload()
  if (came?.ok) apply(came.html)
  return came?.ok
}
whenReloaded('counts', readAll)
whenReloaded('list', () => {})
whenReloaded('pane', () => {})
whenReloaded('bot', () => location.reload())
whenConnected(look)

/** What is focused in the dialogue keeps the focus, whatever took its place. */
function swap(old, fresh) {
  const { activeElement: held } = document
  const address = old.contains(held) && held.getAttribute('href')
  old.replaceWith(fresh)
  if (address) (fresh.querySelector(`a[href="${address}"]`) ?? byId('main')).focus({ preventScroll: true })
}

/** The open dialogue has gone on (or the first one has begun): read with the step that is looked at. */
async function reread(session) {
  const at = current()?.dataset.step ?? 1
  const came = await ask(`/bot?${new URLSearchParams(session ? { session, step: at } : {})}`)
  const fresh = came?.ok && parse(came.html).map((element) => element.querySelector('#replay')).find(Boolean)
  if (!fresh || opened() !== session) return
  swap(replay(), fresh)
  if (opened() !== session) look()
}

afterUpsert((element) => {
  if (element.id !== 'bot-sessions') return
  const now = line()
  if (!opened() || now !== before) reread(opened())
  before = now
})

const current = () => replay().querySelector('.scrub ol [aria-current]')
const bits = () => [...replay().querySelectorAll('.scrub ol a')]

function show(number) {
  const all = bits()
  const place = Math.min(Math.max(number, 1), all.length)
  if (!place) return
  for (const old of replay().querySelectorAll('[aria-current=step]')) old.removeAttribute('aria-current')
  const turn = byId(`step-${place}`)
  for (const now of [all[place - 1], turn]) now.setAttribute('aria-current', 'step')
  replay().querySelector('.scrub [role=status] b').textContent = place
  turn.scrollIntoView({ block: 'nearest' })
  history.replaceState(null, '', all[place - 1].getAttribute('href').split('#')[0])
}
const step = (by) => current() && show(Number(current().dataset.step) + by)

function move(by) {
  const all = [...list().querySelectorAll('li > a')]
  const from = all.indexOf(document.activeElement.closest?.('#bot-sessions li')?.querySelector('a') ?? list().querySelector('li.on > a'))
  all[Math.min(Math.max(from + by, 0), all.length - 1)]?.focus()
}

/** Of the dialogue that is focused in the list, or else of the one that is open. */
function take() {
  const mine = document.activeElement.closest?.('#bot-sessions li') ?? list().querySelector('li.on')
  mine?.querySelector('form')?.requestSubmit()
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('.scrub a')
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  if (link.dataset.by) step(Number(link.dataset.by))
  else show(Number(link.dataset.step))
})
document.addEventListener('keydown', (event) => {
  const modified = event.ctrlKey || event.metaKey || event.altKey || event.getModifierState('AltGraph') || event.isComposing
  if (modified) return
  if (obey(event)) return event.preventDefault()
  const deed = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (!deed || event.target.closest('input, textarea, select, dialog') || (event.repeat && event.key === 'm')) return
  event.preventDefault()
  deed()
})

window.addEventListener('load', connect)

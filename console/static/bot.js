// The bot at work: its lists and the dialogue that is open stay as they are now, and the keys of console/shortcuts.py ("bot").
import { ask } from './http.js'
import { parse } from './upsert.js'

const EVERY = 3_000
const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  m: take,
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
}
const list = () => document.getElementById('bot-sessions')
const replay = () => document.getElementById('replay')
const opened = () => replay()?.dataset.session ?? ''
const line = () => list()?.querySelector('li.on')?.textContent

/** What is focused in the list keeps the focus, whatever took its place. */
function swap(old, fresh) {
  const { activeElement: held } = document
  const address = old.contains(held) && (held.getAttribute('href') ?? held.form?.getAttribute('action'))
  old.replaceWith(fresh)
  if (address) (fresh.querySelector(`a[href="${address}"]`) ?? fresh.querySelector(`form[action="${address}"] button`) ?? document.getElementById('main')).focus()
}

async function refresh() {
  if (!list() || document.hidden) return
  const session = opened()
  const came = await ask(`/bot/sessions${session && `?session=${session}`}`)
  const fresh = came?.ok && parse(came.html).find((element) => element.id === 'bot-sessions')
  if (!fresh || fresh.innerHTML === list().innerHTML) return
  const before = line()
  swap(list(), fresh)
  if (!session || line() !== before) await reread(session)
}

/** The open dialogue has gone on (or the first one has begun): read with the step that is looked at. */
async function reread(session) {
  const at = current()?.dataset.step ?? 1
  const came = await ask(`/bot?${new URLSearchParams(session ? { session, step: at } : {})}`)
  const fresh = came?.ok && parse(came.html).map((element) => element.querySelector('#replay')).find(Boolean)
  if (fresh && opened() === session) swap(replay(), fresh)
}

const current = () => replay()?.querySelector('.scrub ol [aria-current]')
const bits = () => [...(replay()?.querySelectorAll('.scrub ol a') ?? [])]

function show(number) {
  const all = bits()
  const place = Math.min(Math.max(number, 1), all.length)
  if (!place) return
  for (const old of replay().querySelectorAll('[aria-current=step]')) old.removeAttribute('aria-current')
  const turn = document.getElementById(`step-${place}`)
  for (const now of [all[place - 1], turn]) now.setAttribute('aria-current', 'step')
  replay().querySelector('.scrub [role=status] b').textContent = place
  turn.scrollIntoView({ block: 'nearest' })
  history.replaceState(null, '', all[place - 1].getAttribute('href').split('#')[0])
}
const step = (by) => current() && show(Number(current().dataset.step) + by)

function move(by) {
  const all = [...(list()?.querySelectorAll('li > a') ?? [])]
  const from = all.indexOf(document.activeElement.closest?.('#bot-sessions li')?.querySelector('a') ?? list()?.querySelector('li.on > a'))
  all[Math.min(Math.max(from + by, 0), all.length - 1)]?.focus()
}

/** Of the dialogue that is focused in the list, or else of the one that is open. */
function take() {
  const mine = document.activeElement.closest?.('#bot-sessions li') ?? list()?.querySelector('li.on')
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
  const deed = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (!deed || modified || event.target.closest('input, textarea, select, dialog') || (event.repeat && event.key === 'm')) return
  event.preventDefault()
  deed()
})

setInterval(refresh, EVERY)

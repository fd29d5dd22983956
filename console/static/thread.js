// The messages of the open conversation: days, groups, scroll, and what has really been seen.
import { state, tell, whenConnected } from './live.js'
import { act } from './menus.js'
import { afterUpsert, byId } from './upsert.js'
import { nearDay } from './clock.js'
import { _, ngettext } from './words.js'

const NEAR = 48
let log, thread, seen, told, unseen, lastTop, left
let atEnd = true
const grown = new ResizeObserver(() => atEnd && toEnd())

export function start(pane) {
  log = pane.querySelector('.log')
  thread = pane.querySelector('.thread')
  seen = told = unseen = lastTop = left = 0
  atEnd = true
  grown.disconnect()
  for (const part of [log, ...log.children]) grown.observe(part)
  log.addEventListener('scroll', scrolled, { passive: true })
  for (const entry of thread.querySelectorAll('.entry')) separate(entry)
  toEnd()
  look()
}

const lastSequence = () => Math.max(0, ...[...thread.querySelectorAll(':scope > .entry')].slice(-8).map((entry) => Number(entry.dataset.position) || 0))
export const seenSequence = () => Math.max(seen, atEnd ? lastSequence() : 0)

/** A new day gets its name above it; the author's name stands only on the first of a group. */
function separate(entry) {
  const before = entry.previousElementSibling?.matches('.entry') ? entry.previousElementSibling : null
  const newDay = before?.dataset.day !== entry.dataset.day
  entry.classList.toggle('new-day', newDay)
  entry.classList.toggle('cont', !newDay && before.dataset.author === entry.dataset.author && !before.matches('.centred, .note'))
  if (newDay && nearDay(entry.dataset.day)) entry.querySelector('.day').textContent = nearDay(entry.dataset.day)
}

function toEnd() {
  log.scrollTop = log.scrollHeight
}

function scrolled() {
  // Content that grows is not a person scrolling: only moving up lets go of the end.
  if (log.scrollHeight - log.scrollTop - log.clientHeight < NEAR) atEnd = true
  else if (log.scrollTop < lastTop) {
    if (atEnd) left = lastSequence()
    atEnd = false
  }
  lastTop = log.scrollTop
  if (atEnd) look()
}

/** Tells the server what was seen: only with the page visible, focused, and the end of the thread in sight. */
function look() {
  if (!thread?.isConnected || !atEnd || thread.querySelector(':scope > .later:not([data-end])')) return
  showNewer(0)
  if (document.hidden || !document.hasFocus()) return
  seen = Math.max(seen, lastSequence())
  if (seen > told) tell({ t: 'seen', open: state.open, sequence: seen })
  told = seen
}

function showNewer(count) {
  unseen = count
  const button = document.querySelector('#pane .newer')
  button.hidden = !count
  button.querySelector('span').textContent = ngettext('{n} mensaje nuevo', '{n} mensajes nuevos', count)
}

export function goTo(id, { focus = false } = {}) {
  const entry = byId(`message-${id}`)
  if (entry) atEnd = false
  entry?.scrollIntoView({ block: 'center' })
  if (focus && entry) {
    entry.tabIndex = -1
    entry.focus({ preventScroll: true })
  }
  entry?.classList.add('flash')
  setTimeout(() => entry?.classList.remove('flash'), 2_500)
}
act('go-to', (link) => goTo(link.hash.replace('#message-', '')))
act('to-end', toEnd)
act('more', (button) => {
  const whole = button.previousElementSibling.classList.toggle('whole')
  button.textContent = whole ? _('Ver menos') : _('Ver todo')
  button.setAttribute('aria-expanded', whole)
})

afterUpsert((element, isNew) => {
  if (!element.matches('.entry') || element.parentElement !== thread) return
  separate(element)
  if (element.nextElementSibling) separate(element.nextElementSibling)
  const isOurs = element.id.startsWith('pending-')
  // Whoever has scrolled away from the end is told of all that came since, also of what came late and stands between.
  const isLater = atEnd || isOurs ? !element.nextElementSibling?.dataset.position : Number(element.dataset.position) > left
  if (!isNew || !isLater) return
  if (element.matches('.in')) byId('announcer').textContent = _('Mensaje nuevo de {name}', { name: element.dataset.authorName.slice(0, 60) })
  if (!atEnd && !isOurs) return showNewer(unseen + 1)
  toEnd()
  look()
})

whenConnected(() => {
  told = 0
  look()
})
addEventListener('focus', look)
document.addEventListener('visibilitychange', look)

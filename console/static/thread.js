// The messages of the open conversation: days, groups, scroll, older pages, and what has really been seen.
import { ask } from './http.js'
import { state, tell, whenConnected } from './live.js'
import { act } from './menus.js'
import { afterUpsert, parse, upsert } from './upsert.js'
import { nearDay } from './clock.js'

const NEAR = 48
let log, thread, seen, told, unseen, stuck, lastTop, topReached
const grown = new ResizeObserver(() => stuck && toBottom())

export function start(pane) {
  grown.disconnect()
  topReached?.disconnect()
  log = pane.querySelector('.log')
  thread = pane.querySelector('.thread')
  if (!thread) return
  seen = told = unseen = lastTop = 0
  topReached = new IntersectionObserver((marks) => marks.some((one) => one.isIntersecting) && earlier(), { root: log, rootMargin: '600px 0px 0px' })
  stuck = true
  grown.observe(thread)
  grown.observe(log)
  grown.observe(log.querySelector('.typing'))
  log.addEventListener('scroll', scrolled, { passive: true })
  separate([...entries()])
  toBottom()
  if (thread.dataset.before) {
    thread.prepend(parse('<li class="earlier"><button type="button" class="lnk" data-act="earlier">Mensajes anteriores</button></li>')[0])
    setTimeout(() => thread.firstElementChild && topReached.observe(thread.firstElementChild), 300)
  }
  look()
}

const entries = () => thread.querySelectorAll(':scope > .entry')
const lastSequence = () => Math.max(0, ...[...entries()].slice(-8).map((entry) => Number(entry.dataset.position)))
export const seenSequence = () => Math.max(seen, stuck ? lastSequence() : 0)

function separate(some) {
  for (const entry of some) {
    let before = entry.previousElementSibling
    while (before && !before.classList.contains('entry')) before = before.previousElementSibling
    const newDay = before?.dataset.day !== entry.dataset.day
    entry.classList.toggle('new-day', newDay)
    entry.classList.toggle('cont', !newDay && before.dataset.author === entry.dataset.author && !before.matches('.centred, .note') && !entry.matches('.note'))
    const near = newDay && nearDay(entry.dataset.day)
    if (near) entry.querySelector('.day').textContent = near
  }
}

function toBottom() {
  log.scrollTop = log.scrollHeight
}

function scrolled() {
  // Content that grows is not a person scrolling: only moving up lets go of the end.
  if (log.scrollHeight - log.scrollTop - log.clientHeight < NEAR) stuck = true
  else if (log.scrollTop < lastTop) stuck = false
  lastTop = log.scrollTop
  if (stuck) look()
}

/** Tells the server what was seen: only with the page visible, focused, and the end of the thread in sight. */
export function look() {
  if (!thread?.isConnected || !stuck) return
  showNewer(0)
  if (document.hidden || !document.hasFocus()) return
  seen = Math.max(seen, lastSequence())
  if (seen > told && state.open) {
    told = seen
    tell({ t: 'seen', open: state.open, sequence: seen })
  }
}

function showNewer(count) {
  unseen = count
  const button = document.querySelector('#pane .newer')
  button.hidden = !count
  button.querySelector('[data-newer]').textContent = count === 1 ? '1 mensaje nuevo' : `${count} mensajes nuevos`
}

async function earlier() {
  const mark = thread.querySelector(':scope > .earlier')
  if (!thread.dataset.before || mark.hasAttribute('aria-busy')) return
  mark.setAttribute('aria-busy', 'true')
  const here = thread
  try {
    const answer = await ask(`/inbox/${state.open}/messages?before=${thread.dataset.before}`)
    const [page] = parse(answer.html)
    if (here !== thread) return
    if (!answer.ok || !page?.id.startsWith('earlier-')) throw new Error('no messages')
    const fromEnd = log.scrollHeight - log.scrollTop
    const added = [...page.children]
    added.forEach(upsert)
    separate([...added, ...[...entries()].slice(added.length, added.length + 1)])
    if (page.dataset.before) thread.dataset.before = page.dataset.before
    else {
      delete thread.dataset.before
      mark.remove()
    }
    log.scrollTop = log.scrollHeight - fromEnd
  } catch {
    mark.querySelector('button').textContent = 'No pudimos cargarlos. Reintentar'
  } finally {
    mark.removeAttribute('aria-busy')
    topReached.unobserve(mark)
    if (thread.dataset.before && mark.isConnected) setTimeout(() => topReached.observe(mark), 200)
  }
}
act('earlier', earlier)
act('to-bottom', () => {
  log.scrollTo({ top: log.scrollHeight, behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth' })
})

export function goTo(id) {
  const entry = document.getElementById(`message-${id}`)
  if (!entry) return false
  entry.scrollIntoView({ block: 'center' })
  entry.classList.add('flash')
  setTimeout(() => entry.classList.remove('flash'), 2_500)
  return true
}
act('go-to', (link) => goTo(link.hash.replace('#message-', '')))
act('more', (button) => {
  const whole = button.previousElementSibling.classList.toggle('whole')
  button.textContent = whole ? 'Ver menos' : 'Ver todo'
  button.setAttribute('aria-expanded', whole)
})

afterUpsert((element, isNew) => {
  if (!element.classList.contains('entry') || element.parentElement !== thread) return
  separate([element, element.nextElementSibling].filter((one) => one?.classList.contains('entry')))
  if (!isNew || element.nextElementSibling?.dataset.position) return
  if (element.classList.contains('in')) announce(element.dataset.authorName)
  if (stuck || element.id.startsWith('pending-')) {
    toBottom()
    look()
  } else showNewer(unseen + 1)
})

function announce(name) {
  document.getElementById('announcer').textContent = `Mensaje nuevo de ${name.slice(0, 60)}`
}

whenConnected(() => {
  told = 0
  look()
})
addEventListener('focus', look)
document.addEventListener('visibilitychange', look)

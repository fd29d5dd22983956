// Which conversation is open: clicks, addresses, the back button, and the three steps on a phone.
import { ask } from './http.js'
import { greet, state, tell, whenReloaded, where } from './live.js'
import { act, toast } from './menus.js'
import { byId, copyOf, parse, upsert } from './upsert.js'
import * as list from './list.js'
import * as thread from './thread.js'
import * as composer from './composer.js'
import { tick, tickWindow } from './clock.js'
import { _ } from './words.js'

const PATIENCE = 150
const { body } = document
const idIn = (path) => Number(/^\/inbox\/(\d+)/.exec(path)?.[1]) || null
const step = () => { body.dataset.step = !idIn(location.pathname) ? 'list' : location.hash === '#ficha' ? 'panel' : 'thread' }
let fetching

export function start() {
  state.open = Number(byId('pane').dataset.conversation) || null
  step()
  begin()
}

function begin() {
  list.markOpen()
  tick()
  if (!byId('pane').dataset.conversation) return
  thread.start(byId('pane'))
  document.dispatchEvent(new CustomEvent('pane-shown', { detail: byId('pane').dataset.conversation }))
  composer.start()
  composer.showPresence()
  tickWindow()
}

function show(fresh) {
  byId('pane').replaceWith(fresh)
  window.htmx.process(fresh)
  const name = fresh.querySelector('.head h2')?.textContent
  document.title = [name, _('Bandeja'), 'Al Día'].filter(Boolean).join(' · ')
  begin()
}

async function fetchPane(id, signal, message) {
  const came = await ask(`/inbox/${id}?${where()}${message ? `&message=${message}` : ''}`, { signal, target: 'pane' })
  return came && parse(came.html).find((element) => element.id === 'pane')
}

/** Opens a conversation where a message of it stands, however far back. */
export async function openAt(id, message) {
  if (id === state.open && (!message || byId(`message-${message}`))) step()
  else await open(id, { message })
  if (message) thread.goTo(message, { focus: true })
}

export async function open(id, { push = true, message = null } = {}) {
  composer.saveDraft()
  if (push) history.pushState(null, '', `/inbox/${id}?${where()}`)
  step()
  if (id === state.open && !message && byId('pane').dataset.conversation) return
  fetching?.abort()
  const { signal } = (fetching = new AbortController())
  state.open = id
  list.markOpen()
  const { head } = state
  const late = setTimeout(() => show(copyOf('pane-skeleton')), PATIENCE)
  try {
    const fresh = await fetchPane(id, signal, message)
    clearTimeout(late)
    // Greeting anew from before the request brings whatever happened while the answer was under way.
    greet({ head, open: fresh?.dataset.conversation ? id : null })
    show(fresh || copyOf('pane-failed'))
  } catch {
    clearTimeout(late)
  }
}

function close() {
  composer.saveDraft()
  fetching?.abort()
  state.open = null
  tell({ t: 'open', open: null })
  show(copyOf('pane-empty'))
}

/** Reads the open conversation again and merges it, unless that left a hole: draft, focus and scroll stay. */
async function reload() {
  const id = state.open
  const { head } = state
  const fresh = id && (await fetchPane(id))
  if (id !== state.open) return
  if (!fresh) return id && toast(_('No pudimos actualizar la conversación.'), 'error')
  const present = byId(`thread-${id}`)
  const entries = [...fresh.querySelectorAll('.thread > .entry')]
  if (!present || !isWhole([...present.querySelectorAll(':scope > .entry'), ...entries])) {
    greet({ head })
    return show(fresh)
  }
  for (const part of [...fresh.querySelectorAll('.head, .here, .panel'), ...entries]) upsert(part)
}

/** Positions in a thread have no gaps. */
function isWhole(entries) {
  const positions = new Set(entries.map((entry) => Number(entry.dataset.position)).filter(Boolean))
  return Math.max(...positions) - Math.min(...positions) < positions.size
}
whenReloaded('pane', reload)
act('retry-pane', () => open(state.open, { push: false }))

addEventListener('popstate', () => {
  const asked = new URLSearchParams(location.search)
  const view = asked.get('view')
  asked.delete('view')
  const filters = asked.toString()
  const id = idIn(location.pathname)
  step()
  if (view && (view !== state.view || filters !== state.filters)) list.show(view, { filters, push: false })
  if (id && id !== state.open) open(id, { push: false })
  else if (!id && state.open) close()
})

document.addEventListener('click', (event) => {
  const link = event.target.closest('.row > a, a[data-view]')
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return
  event.preventDefault()
  if (link.dataset.view) list.show(link.dataset.view, { filters: link.dataset.filters ?? '' })
  else open(idIn(link.pathname))
})

act('back', () => {
  history.pushState(null, '', `/inbox?${where()}`)
  step()
  close()
})
act('panel', () => {
  if (!matchMedia('(max-width: 767px)').matches) return body.classList.toggle(matchMedia('(max-width: 1279px)').matches ? 'show-panel' : 'no-panel')
  if (location.hash === '#ficha') return history.back()
  history.pushState(null, '', '#ficha')
  step()
})

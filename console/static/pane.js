// Which conversation is open: clicks, addresses, the back button, and the three steps on a phone.
import { ask } from './http.js'
import { state, tell, whenReloaded } from './live.js'
import { act, toast } from './menus.js'
import { parse, upsert } from './upsert.js'
import * as list from './list.js'
import * as thread from './thread.js'
import * as composer from './composer.js'
import { tick } from './clock.js'

const PATIENCE = 150
const body = document.body
const pane = () => document.getElementById('pane')
const emptyPane = parse('<template id="kept"></template>')[0]
let fetching

export function start() {
  state.open = Number(pane().dataset.conversation) || null
  step()
  begin()
}

function begin() {
  list.markOpen()
  if (!state.open) return
  thread.start(pane())
  composer.start(pane())
  composer.showPresence()
  tick()
}

const idIn = (path) => Number(/^\/inbox\/(\d+)/.exec(path)?.[1]) || null
const step = () => { body.dataset.step = !idIn(location.pathname) ? 'list' : location.hash === '#ficha' ? 'panel' : 'thread' }

export async function open(id, { push = true } = {}) {
  composer.saveDraftIfDue()
  if (push) history.pushState(null, '', `/inbox/${id}?view=${state.view}`)
  step()
  if (id === state.open && pane().dataset.conversation) return
  fetching?.abort()
  const mine = (fetching = new AbortController())
  state.open = id
  list.markOpen()
  const late = setTimeout(() => show(document.getElementById('pane-skeleton').content.firstElementChild.cloneNode(true)), PATIENCE)
  try {
    const answer = await ask(`/inbox/${id}?view=${state.view}`, { signal: mine.signal, target: 'pane' })
    if (mine.signal.aborted) return
    const fresh = parse(answer.html).find((element) => element.id === 'pane')
    if (!fresh) throw new Error(answer.said || 'no pane')
    clearTimeout(late)
    show(fresh)
    tell({ t: 'open', open: fresh.dataset.conversation ? id : null })
    begin()
  } catch (problem) {
    clearTimeout(late)
    if (problem.name !== 'AbortError') show(document.getElementById('pane-failed').content.firstElementChild.cloneNode(true))
  }
}

function show(fresh) {
  if (pane().classList.contains('void') && !pane().hasAttribute('data-refused') && pane().querySelector('.keys')) emptyPane.content.replaceChildren(pane().cloneNode(true))
  pane().replaceWith(fresh)
  window.htmx?.process(fresh)
  const name = fresh.querySelector('.head h2')?.textContent
  document.title = `${name ? `${name} · ` : ''}Bandeja · Al Día`
}

function close() {
  composer.saveDraftIfDue()
  fetching?.abort()
  state.open = null
  tell({ t: 'open', open: null })
  if (emptyPane.content.firstElementChild) show(emptyPane.content.firstElementChild.cloneNode(true))
  list.markOpen()
}

/** Reads the open conversation again and merges it; draft, focus and scroll stay. */
async function reload() {
  const id = state.open
  if (!id) return
  const answer = await ask(`/inbox/${id}?view=${state.view}`, { target: 'pane' }).catch(() => null)
  if (!answer || id !== state.open) return
  const fresh = parse(answer.html).find((element) => element.id === 'pane')
  if (!fresh) return toast('No pudimos actualizar la conversación.', 'error')
  const arriving = fresh.querySelector('.thread')
  const present = document.getElementById(arriving?.id)
  const lastHere = Math.max(0, ...[...(present?.children ?? [])].map((entry) => Number(entry.dataset.position) || 0))
  const overlaps = present && [...arriving.children].some((entry) => Number(entry.dataset.position) <= lastHere)
  if (!arriving || (!overlaps && present?.children.length)) {
    show(fresh)
    return begin()
  }
  for (const part of [fresh.querySelector('.head'), fresh.querySelector('.here'), fresh.querySelector('.panel'), ...arriving.children]) if (part) upsert(part)
}
whenReloaded('pane', reload)
act('retry-pane', () => {
  const id = state.open
  state.open = null
  open(id, { push: false })
})

addEventListener('popstate', () => {
  const view = new URLSearchParams(location.search).get('view')
  if (view && view !== state.view) list.show(view, { push: false })
  const id = idIn(location.pathname)
  step()
  if (id && id !== state.open) open(id, { push: false })
  else if (!id && state.open) close()
})

document.addEventListener('click', (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return
  const row = event.target.closest('.row > a')
  const view = event.target.closest('a[data-view]')
  if (!row && !view) return
  event.preventDefault()
  if (row) open(idIn(row.pathname))
  else list.show(view.dataset.view)
})

act('back', () => {
  if (history.length > 1 && document.referrer === '' && history.state === 'deep') return history.back()
  history.pushState(null, '', `/inbox?view=${state.view}`)
  step()
  close()
})

const phone = matchMedia('(max-width: 767px)')
const narrow = matchMedia('(max-width: 1279px)')
act('panel', () => {
  if (phone.matches) {
    if (location.hash === '#ficha') history.back()
    else {
      history.pushState(null, '', '#ficha')
      step()
    }
  } else if (narrow.matches) body.classList.toggle('show-panel')
  else body.classList.toggle('no-panel')
})

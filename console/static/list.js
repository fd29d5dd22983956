// The list of conversations: the one that is open, moving with the keyboard, other views.
import { ask } from './http.js'
import { state, tell, whenReloaded } from './live.js'
import { act, toast } from './menus.js'
import { afterUpsert, apply, byId, copyOf, parse, upsert } from './upsert.js'
import { tick } from './clock.js'

const links = () => [...document.querySelectorAll('#rows > .row > a')]

async function fetchList(view) {
  const came = await ask(`/inbox?view=${view}`, { target: 'list' })
  return came?.ok && parse(came.html).find((element) => element.id === 'list')
}

function swap(fresh) {
  byId('list').replaceWith(fresh)
  window.htmx.process(fresh)
  tick(fresh)
  markOpen()
}

/** Reads the first page again and merges it: what no longer belongs goes, what was loaded below stays, and so does the scroll. */
async function reload() {
  const fresh = await fetchList(state.view)
  if (!fresh) return toast('No pudimos actualizar la lista.', 'error')
  const items = [...fresh.querySelectorAll('.row')]
  if (!byId('rows') || !items.length || !links().length) return swap(fresh)
  const kept = new Set(items.map((row) => row.id))
  const isAll = !fresh.querySelector('.more')
  for (const { parentElement: row } of links()) {
    if (!kept.has(row.id) && (isAll || Number(row.dataset.position) >= Number(items.at(-1).dataset.position))) row.remove()
  }
  items.forEach((row) => upsert(row, { paged: true }))
}
whenReloaded('list', reload)
act('reload-list', reload)
whenReloaded('counts', async () => {
  const came = await ask(`/inbox/counts?view=${state.view}`)
  if (came?.ok) apply(came.html)
  return came?.ok
})

/** What stands in the place of a list that could not be read. */
function failed(view) {
  const list = copyOf('list-failed')
  list.querySelector('header h2').textContent = document.querySelector(`#counts [data-view=${view}]`).firstChild.textContent
  list.querySelector('.count').remove()
  list.dataset.view = view
  return list
}

/** Another view: the list and the highlighted name change, the open conversation stays. */
export async function show(view, { push = true } = {}) {
  const fresh = await fetchList(view)
  state.view = document.body.dataset.view = view
  for (const link of document.querySelectorAll('#counts a')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
  swap(fresh || failed(view))
  tell({ t: 'view', view })
  if (push) history.pushState(null, '', `/inbox${state.open ? `/${state.open}` : ''}?view=${view}`)
}

/** One row can be reached with Tab: the open one, or the first; the arrows do the rest. */
export function markOpen(reachable) {
  const all = links()
  const open = all.find((link) => link.parentElement.id === `row-${state.open}`)
  const first = reachable ?? open ?? all[0]
  for (const link of all) {
    link.tabIndex = link === first ? 0 : -1
    if (link === open) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

export function move(step) {
  const all = links()
  const here = all.indexOf(document.activeElement)
  const from = here < 0 ? all.findIndex((link) => link.hasAttribute('aria-current')) : here
  const next = all[Math.min(Math.max(from + step, 0), all.length - 1)]
  if (!next) return
  markOpen(next)
  next.focus()
}

afterUpsert((element) => {
  if (element.classList.contains('row')) {
    tick(element)
    const link = element.firstElementChild
    const isOpen = element.id === `row-${state.open}`
    link.tabIndex = isOpen || link === document.activeElement ? 0 : -1
    if (isOpen) link.setAttribute('aria-current', 'true')
  }
  if (element.id !== 'counts') return
  for (const shown of document.querySelectorAll('[data-count-of]')) shown.textContent = element.querySelector(`[data-count="${shown.dataset.countOf}"]`).textContent
})

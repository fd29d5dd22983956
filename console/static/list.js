// The list of conversations: the one that is open, moving with the keyboard, other views.
import { ask } from './http.js'
import { state, tell, whenReloaded, where } from './live.js'
import { act, showCurrent, toast } from './menus.js'
import { afterUpsert, apply, byId, copyOf, parse, upsert } from './upsert.js'
import { tick } from './clock.js'
import { _ } from './words.js'

const links = () => [...document.querySelectorAll('#rows > .row > a')]

async function fetchList() {
  const came = await ask(`/inbox?${where()}`, { target: 'list' })
  return { fresh: came?.ok && parse(came.html).find((element) => element.id === 'list'), said: came?.status === 422 && came.said }
}

function swap(fresh) {
  byId('list').replaceWith(fresh)
  document.dispatchEvent(new Event('list-shown'))
  window.htmx.process(fresh)
  tick(fresh)
  markOpen()
}

/** Reads the first page again and merges it: what no longer belongs goes, what was loaded below stays, and so does the scroll. */
async function reload() {
  const { fresh } = await fetchList()
  if (!fresh) return toast(_('No pudimos actualizar la lista.'), 'error')
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
  const came = await ask(`/inbox/counts?${where()}`)
  if (came?.ok) apply(came.html)
  return came?.ok
})

/** What stands in the place of a list that could not be read. */
function failed(view) {
  const list = copyOf('list-failed')
  list.querySelector('header h2').textContent = [...document.querySelector(`#counts [data-view=${view}]`).childNodes].find((node) => node.nodeType === 3).textContent.trim()
  list.querySelector('.count').remove()
  list.dataset.view = view
  return list
}

/** Another view or other filters: the list and the highlighted name change, the open conversation stays. */
export async function show(view, { filters = '', push = true } = {}) {
  const before = { view: state.view, filters: state.filters }
  Object.assign(state, { view, filters })
  const { fresh, said } = await fetchList()
  // What was asked for cannot be: the list stays as it was, and the sentence says why.
  if (!fresh && said) return Object.assign(state, before) && toast(said, 'error')
  // As the server writes them: one list, one address.
  if (fresh) state.filters = filters = fresh.dataset.filters
  Object.assign(document.body.dataset, { view, filters })
  for (const link of document.querySelectorAll('#counts a')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
  showCurrent()
  const wasInside = document.activeElement?.closest('#list')
  swap(fresh || failed(view))
  if (wasInside) (document.querySelector('#list .chip') ?? document.querySelector('#filter > summary'))?.focus()
  tell({ t: 'view', view, filters })
  if (push) history.pushState(null, '', `/inbox${state.open ? `/${state.open}` : ''}?${where()}`)
}

/** Another view by the keys: who asks for a list stands at its first line, and still answers what is open. */
export async function goTo(view) {
  await show(view)
  const [first] = links()
  if (!first) return
  markOpen(first)
  first.focus()
}

document.addEventListener('submit', (event) => {
  if (!event.target.matches('form[data-filter]')) return
  event.preventDefault()
  const asked = new FormData(event.target)
  const tags = asked.getAll('tags').join('.')
  asked.delete('tags')
  if (tags) asked.set('tags', tags)
  for (const [name, value] of [...asked]) if (!value.trim()) asked.delete(name)
  asked.delete('view')
  show(state.view, { filters: new URLSearchParams(asked).toString() })
})

/** How many the filters leave changes with the lists: asked again a moment after the numbers of the views moved. */
let counting
function recount() {
  clearTimeout(counting)
  counting = setTimeout(async () => {
    const came = state.filters && (await ask(`/inbox/filtered?${where()}`))
    if (came?.ok && byId('filter-count')) apply(came.html)
  }, 500)
}

// The row that somebody went to with the keys, as long as they are there. Where the focus fell by itself nobody went.
let reached = null
document.addEventListener('focusin', ({ target }) => {
  if (target.closest('.row')?.id !== `row-${reached}`) reached = null
})

/** The conversation that somebody went to with the keys and that is not the open one; null where they went to none. */
export const elsewhere = () => (reached !== state.open && document.activeElement?.closest('.row')?.id === `row-${reached}` ? reached : null)

/** One row can be reached with Tab: the open one, or the first; the arrows do the rest. */
export function markOpen(reachable) {
  if (!reachable) reached = null
  const all = links()
  const open = all.find((link) => link.parentElement.id === `row-${state.open}`)
  const first = reachable ?? open ?? all[0]
  for (const link of all) {
    link.tabIndex = link === first ? 0 : -1
    if (link === open) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

/** Opens the filters, and closes them again. */
export function openFilters() {
  const menu = byId('filter')
  if (!menu) return
  menu.open = !menu.open
  menu.querySelector(menu.open ? 'input:not([type=hidden]), select' : 'summary').focus()
}

export function move(step) {
  const all = links()
  const here = all.indexOf(document.activeElement)
  const from = here < 0 ? all.findIndex((link) => link.hasAttribute('aria-current')) : here
  const next = all[Math.min(Math.max(from + step, 0), all.length - 1)]
  if (!next) return
  markOpen(next)
  next.focus()
  reached = Number(next.parentElement.id.replace('row-', ''))
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
  if (state.filters) recount()
  for (const shown of document.querySelectorAll('[data-count-of]')) shown.textContent = element.querySelector(`[data-count="${shown.dataset.countOf}"]`).textContent
})

// The list of conversations: more rows on reaching the end, the one that is open, moving with the keyboard.
import { ask } from './http.js'
import { state, tell, whenReloaded } from './live.js'
import { act, toast } from './menus.js'
import { afterUpsert, parse, upsert } from './upsert.js'
import { tick } from './clock.js'

const list = () => document.getElementById('list')
const rows = () => document.getElementById('rows')
const links = () => [...(rows()?.querySelectorAll('.row > a') ?? [])]
let reached
let loading = false

export function start() {
  const end = rows()
  if (!end) return
  if (end.dataset.next) {
    const [mark] = parse('<li class="more"><span>Cargando más…</span></li>')
    end.append(mark)
    reached?.disconnect()
    reached = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more(), { root: end, rootMargin: '600px' })
    reached.observe(mark)
  }
  markOpen()
}

async function more() {
  const end = rows()
  if (loading || !end?.dataset.next) return
  loading = true
  try {
    const answer = await ask(`/inbox/rows?view=${state.view}&cursor=${encodeURIComponent(end.dataset.next)}`)
    const [page] = parse(answer.html)
    if (!answer.ok || page?.id !== 'more-rows') throw new Error('no rows')
    delete end.dataset.next
    for (const row of [...page.children]) upsert(row)
    const mark = end.querySelector(':scope > .more')
    if (page.dataset.next) end.dataset.next = page.dataset.next
    else mark.remove()
    reached.unobserve(mark)
    if (page.dataset.next) reached.observe(mark)
  } catch {
    const mark = end.querySelector(':scope > .more')
    reached.unobserve(mark)
    const [again] = parse('<button type="button" class="btn" data-act="more-rows">Reintentar</button>')
    mark.replaceChildren('No pudimos cargar más.', again)
  } finally {
    loading = false
  }
}
act('more-rows', (button) => {
  button.parentElement.replaceChildren('Cargando más…')
  more()
})

/** Reads the first page again and merges it: what no longer belongs goes, what was loaded below stays, and so does the scroll. */
export async function reload() {
  const answer = await ask(`/inbox?view=${state.view}`, { target: 'list' }).catch(() => null)
  const fresh = answer?.ok && parse(answer.html).flatMap((element) => [element, ...element.querySelectorAll('#list, #counts')])
  const incoming = fresh && fresh.find((element) => element.id === 'list')
  if (!incoming) return toast('No pudimos actualizar la lista.', 'error')
  fresh.filter((element) => element.id === 'counts').forEach(upsert)
  const arriving = incoming.querySelector('#rows')
  if (!rows() || !arriving || incoming.dataset.view !== list().dataset.view) return swap(incoming)
  const items = [...arriving.children]
  const kept = new Set(items.map((row) => row.id))
  const lowest = arriving.dataset.next ? Math.min(...items.map((row) => Number(row.dataset.position))) : -Infinity
  for (const row of [...rows().querySelectorAll('.row')]) if (!kept.has(row.id) && Number(row.dataset.position) >= lowest) row.remove()
  items.forEach(upsert)
  if (!rows().dataset.next && arriving.dataset.next && !rows().querySelector(`.row:nth-child(${items.length + 1})`)) {
    rows().dataset.next = arriving.dataset.next
    start()
  }
}
whenReloaded('list', reload)
act('reload-list', reload)

function swap(incoming) {
  list().replaceWith(incoming)
  tick(incoming)
  start()
}

/** Another view: the list and the highlighted name change, the open conversation stays. */
export async function show(view, { push = true } = {}) {
  if (view === state.view && push) return
  const answer = await ask(`/inbox?view=${encodeURIComponent(view)}`, { target: 'list' }).catch(() => null)
  const fresh = answer?.ok && parse(answer.html).flatMap((element) => [element, ...element.querySelectorAll('#list')]).find((element) => element.id === 'list')
  if (!fresh) return toast('No pudimos cambiar de vista.', 'error')
  state.view = view
  document.body.dataset.view = view
  for (const link of document.querySelectorAll('#counts a')) link.toggleAttribute('aria-current', link.dataset.view === view)
  document.querySelector('#counts [aria-current]')?.setAttribute('aria-current', 'true')
  swap(fresh)
  tell({ t: 'view', view })
  if (push) history.pushState(null, '', `${state.open ? `/inbox/${state.open}` : '/inbox'}?view=${view}`)
}

export function markOpen() {
  const open = state.open && document.querySelector(`#row-${state.open} > a`)
  const reachable = open ?? links().find((link) => link === document.activeElement) ?? links()[0]
  for (const link of links()) {
    link.tabIndex = link === reachable ? 0 : -1
    if (link === open) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

export function move(step) {
  const all = links()
  const here = all.indexOf(document.activeElement.closest?.('.row > a') ?? all.find((link) => link.hasAttribute('aria-current')))
  const next = all[Math.min(Math.max(here + step, 0), all.length - 1)]
  if (!next) return
  for (const link of all) link.tabIndex = link === next ? 0 : -1
  next.focus()
  next.scrollIntoView({ block: 'nearest' })
}

afterUpsert((element) => {
  if (element.classList.contains('row')) {
    const link = element.firstElementChild
    const isOpen = element.id === `row-${state.open}`
    link.tabIndex = isOpen || link === document.activeElement ? 0 : -1
    if (isOpen) link.setAttribute('aria-current', 'true')
    tick(element)
  }
  if (element.id === 'counts') for (const shown of document.querySelectorAll('[data-count-of]')) {
    shown.textContent = element.querySelector(`[data-count="${shown.dataset.countOf}"]`)?.textContent ?? shown.textContent
  }
})

// Searching: a layer over the inbox. What is typed is looked for after a breath; only the last answer counts.
import { ask } from './http.js'
import { act, toast } from './menus.js'
import { openAt } from './pane.js'
import { byId, parse } from './upsert.js'
import { _ } from './words.js'

const BREATH = 180
const box = () => byId('search')
const input = () => box().querySelector('input')
const links = () => [...box().querySelectorAll('.found a')]
let waiting, asking

export function openSearch() {
  if (!box()) return
  if (!box().open) box().showModal()
  input().select()
}
act('search', openSearch)
act('close-search', () => box().close())

function show(element) {
  byId('found').replaceWith(element)
  goOn()
}

// A page that was cut short is not all there is: the search goes on until one is full or everything was looked through.
function goOn() {
  if (box().open) byId('found').querySelector('.further [data-goes-on]')?.click()
}

function say(words) {
  const note = document.createElement('div')
  note.id = 'found'
  note.className = 'found'
  const said = document.createElement('p')
  said.className = 'hint'
  said.setAttribute('role', 'status')
  said.textContent = words
  if (words) note.append(said)
  show(note)
}

async function look() {
  const q = input().value
  asking?.abort()
  const { signal } = (asking = new AbortController())
  if (!q.trim()) return say('')
  box().dataset.busy = ''
  try {
    const came = await ask(`/inbox/search?${new URLSearchParams({ q: q.slice(0, 2_000) })}`, { signal })
    delete box().dataset.busy
    if (came?.ok) return show(parse(came.html)[0])
    say(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'))
    // Too many searches: what stands in the field is looked for by itself when there is room again.
    if (came?.status === 429) waiting = setTimeout(look, 2_000)
  } catch (problem) {
    if (problem.name !== 'AbortError') throw problem
  }
}

document.addEventListener('input', ({ target }) => {
  if (!target.matches('#search input')) return
  clearTimeout(waiting)
  waiting = setTimeout(look, BREATH)
})

document.addEventListener('submit', (event) => {
  if (!event.target.matches('#search form')) return
  event.preventDefault()
  // Enter opens the first that was found; before the answer is there it asks at once.
  if (links().length && !('busy' in box().dataset)) return links()[0].click()
  clearTimeout(waiting)
  look()
})

document.addEventListener('keydown', (event) => {
  // A search field swallows the first Escape to empty itself.
  if (event.key === 'Escape' && event.target.closest?.('#search')) {
    event.preventDefault()
    return box().close()
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step || !event.target.closest?.('#search')) return
  event.preventDefault()
  const all = links()
  const next = all[all.indexOf(document.activeElement) + step]
  if (next) next.focus()
  else if (step < 0) input().focus()
})

document.addEventListener('click', (event) => {
  const link = event.target.closest('#search a[href^="/inbox/"]')
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  box().close()
  openAt(Number(link.pathname.split('/')[2]), link.dataset.message ?? null)
})

async function further(button, url, where) {
  const isAsked = document.activeElement === button
  button.disabled = true
  const came = await ask(url)
  button.disabled = false
  // Something else was looked for meanwhile.
  if (!button.isConnected) return
  if (!came?.ok) return toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  where(parse(came.html)[0], isAsked)
}

act('search-further', (button) => further(button, `/inbox/search?${new URLSearchParams({ q: input().value, cursor: button.dataset.cursor })}`, (fresh, isAsked) => {
  const groups = byId('found').querySelector('.groups')
  const next = fresh.querySelector('.further')
  const fetched = [...fresh.querySelectorAll('.group')]
  if (!groups.children.length && !fetched.length && !next) return show(fresh)
  groups.append(...fetched)
  button.parentElement.replaceWith(...(next ? [next] : []))
  if (isAsked) fetched[0]?.querySelector('a').focus()
  goOn()
}))
act('search-one', (button) => further(button, `/inbox/${button.dataset.conversation}/search?${new URLSearchParams({ q: input().value, ...(button.dataset.before && { before: button.dataset.before }) })}`, (fresh) => {
  const place = button.closest('li')
  const inside = button.closest('.in-one')
  // The first page stands in the place of the one message shown, the others after what is there.
  if (inside) place.replaceWith(...fresh.children)
  else {
    place.querySelector('.hit').remove()
    button.replaceWith(fresh)
    fresh.querySelector('a')?.focus()
  }
}))

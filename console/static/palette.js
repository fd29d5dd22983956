// The palette (Ctrl/⌘ K): a person, a view, a page, or anything the keys can do. Words only, never markup.
import { ask } from './http.js'
import { act } from './menus.js'
import { byId, parse } from './upsert.js'
import { _ } from './words.js'

const BREATH = 150
const PEOPLE = 6
const box = () => byId('palette')
const input = () => box().querySelector('input')
const list = () => byId('palette-list')
const plain = (words) => words.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
const inSight = () => [...list().children]
let offers = []
let people = []
let pages, waiting, asking
let deeds = {}
let goTo = (id) => location.assign(`/inbox/${id}`)

/** The inbox lends what its keys do, and how a conversation is opened without leaving the page. */
export function lend(more, open) {
  deeds = more
  goTo = open
}

/** Views and pages are what links in sight lead to; the settings are asked for once, so that a role sees its own. */
async function links() {
  const views = [...document.querySelectorAll('#counts a[data-view]')].map((link) => ({ words: [...link.childNodes].find((node) => node.nodeType === 3 && node.textContent.trim())?.textContent.trim() ?? link.title, kind: _('Vista'), take: () => link.click() }))
  const rail = [...document.querySelectorAll('.places > a')].map((link) => ({ words: link.title, kind: _('Página'), take: () => location.assign(link.href) }))
  if (!pages) {
    pages = []
    const came = await ask('/settings/sessions')
    if (came?.ok) pages = [...new DOMParser().parseFromString(came.html, 'text/html').querySelectorAll('.sections a')].map((link) => ({ words: link.textContent.trim(), kind: _('Ajustes'), take: () => location.assign(link.getAttribute('href')) }))
  }
  return [...views, ...rail, ...pages]
}

function commands() {
  const isOpen = Boolean(byId('pane')?.dataset.conversation)
  return [...box().querySelectorAll('[data-commands] li')]
    .filter(({ dataset: { name, on } }) => deeds[name] && (on !== 'conversation' || isOpen))
    .map(({ dataset: { name, keys }, textContent }) => ({ words: textContent, kind: keys, take: () => deeds[name]({}) }))
}

export async function openPalette() {
  if (!box() || document.querySelector('dialog[open]')) return
  box().showModal()
  input().value = ''
  people = []
  offers = commands()
  show()
  offers = [...commands(), ...(await links())]
  if (box().open) show()
}
act('palette', openPalette)

function show() {
  const words = plain(input().value).split(/\s+/).filter(Boolean)
  const fitting = offers.filter((offer) => words.every((word) => plain(offer.words).includes(word)))
  // What begins as it was typed stands first.
  if (words.length) fitting.sort((a, b) => !plain(a.words).startsWith(words[0]) - !plain(b.words).startsWith(words[0]))
  const rows = [...fitting, ...people].map((offer, place) => {
    const row = byId('palette-row').content.firstElementChild.cloneNode(true)
    row.id = `palette-${place}`
    row.querySelector('span').textContent = offer.words
    row.querySelector('small').textContent = offer.kind
    row.take = offer.take
    return row
  })
  list().replaceChildren(...rows)
  box().querySelector('.none').hidden = rows.length > 0
  choose(rows[0])
}

function choose(row) {
  for (const other of list().querySelectorAll('[aria-selected=true]')) other.setAttribute('aria-selected', 'false')
  input().removeAttribute('aria-activedescendant')
  if (!row) return
  row.setAttribute('aria-selected', 'true')
  row.scrollIntoView({ block: 'nearest' })
  input().setAttribute('aria-activedescendant', row.id)
}

function take(row) {
  // Whoever closes a layer gets the focus back first.
  box().addEventListener('close', () => row.take(), { once: true })
  box().close()
}

/** People are looked for once two letters are there; only the last answer counts. */
async function look() {
  const q = input().value.trim()
  asking?.abort()
  const { signal } = (asking = new AbortController())
  people = []
  if (q.length < 2) return
  try {
    const came = await ask(`/inbox/search?${new URLSearchParams({ q })}`, { signal })
    if (!came?.ok || !box().open) return
    const found = parse(came.html)[0]
    people = [...found.querySelectorAll('.group > a.person')].slice(0, PEOPLE).map((link) => ({ words: link.querySelector('.who').textContent.trim(), kind: link.querySelector('.phone')?.textContent ?? _('Conversación'), take: () => goTo(Number(link.getAttribute('href').split('/')[2])) }))
    show()
  } catch (problem) {
    if (problem.name !== 'AbortError') throw problem
  }
}

document.addEventListener('input', ({ target }) => {
  if (!target.matches('#palette input')) return
  people = []
  show()
  clearTimeout(waiting)
  waiting = setTimeout(look, BREATH)
})
document.addEventListener('submit', (event) => event.target.matches('#palette form') && event.preventDefault())
document.addEventListener('click', ({ target }) => {
  const row = target.closest('#palette-list > li')
  if (row) take(row)
  else if (target === box()) box().close()
})
document.addEventListener('keydown', (event) => {
  const { key } = event
  // Ctrl or ⌘ and nothing else: AltGr is Ctrl and Alt on many keyboards, and writes letters.
  const isMeant = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && !event.getModifierState('AltGraph')
  if (isMeant && key.toLowerCase() === 'k') {
    event.preventDefault()
    return box()?.open ? box().close() : openPalette()
  }
  if (!event.target.matches?.('#palette input') || event.isComposing) return
  const all = inSight()
  const here = all.findIndex((row) => row.ariaSelected === 'true')
  const step = { ArrowDown: 1, ArrowUp: -1 }[key]
  if (step && all.length) choose(all[(here + step + all.length) % all.length])
  else if (key === 'Enter' && all[here]) take(all[here])
  else return
  event.preventDefault()
})

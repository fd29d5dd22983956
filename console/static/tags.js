// Tags: finding one while typing, and choosing the conversations that get one.
import { openDeed, sendDeed } from './deeds.js'
import { state, where } from './live.js'
import { act } from './menus.js'
import { afterUpsert, byId } from './upsert.js'
import { _, ngettext } from './words.js'

/** Letters as a search compares them: no accents, no capitals. */
const plain = (words) => words.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trim().replace(/\s+/g, ' ')

function find(input) {
  const form = input.closest('form')
  const wanted = plain(input.value)
  const labels = [...form.querySelectorAll('.ticks label')]
  for (const label of labels) label.hidden = !plain(label.dataset.name).includes(wanted)
  const isThere = labels.some((label) => plain(label.dataset.name) === wanted)
  form.querySelector('.none').hidden = labels.some((label) => !label.hidden)
  const create = form.querySelector('.create')
  if (!create) return
  create.hidden = !wanted || isThere
  create.value = create.hidden ? '' : input.value.trim()
  create.querySelector('span').textContent = _('Crear «{name}»', { name: input.value.trim() })
}
document.addEventListener('input', ({ target }) => target.matches('[data-tag-search]') && find(target))
document.addEventListener('deed-shown', ({ target }) => {
  const search = target.querySelector('[data-tag-search]')
  if (search) find(search)
  if (target.matches('[data-bulk-job]')) clear()
})
// Enter in the search ticks the first that is found, or makes it; with nothing sought it means "done".
document.addEventListener('keydown', (event) => {
  if (!event.target.matches?.('[data-tag-search]') || event.isComposing) return
  const form = event.target.closest('form')
  const boxes = [...form.querySelectorAll('.ticks label:not([hidden]) input')]
  if (event.key === 'ArrowDown') {
    event.preventDefault()
    boxes[0]?.focus()
  } else if (event.key === 'Enter') {
    event.preventDefault()
    const create = form.querySelector('.create:not([hidden])')
    if (!event.target.value.trim()) return form.requestSubmit(form.querySelector('[data-default]'))
    if (boxes[0]) {
      boxes[0].checked = !boxes[0].checked
      event.target.value = ''
      find(event.target)
    } else if (create) form.requestSubmit(create)
  }
})
document.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const inside = event.target.closest?.('.tag-editor .ticks')
  if (!inside || (!step && event.key !== 'Enter')) return
  event.preventDefault()
  const boxes = [...inside.querySelectorAll('label:not([hidden]) input')]
  const next = boxes[boxes.indexOf(event.target) + step]
  if (event.key === 'Enter') inside.closest('form').requestSubmit(inside.closest('form').querySelector('[data-default]'))
  else if (next) next.focus()
  else if (step < 0) inside.closest('form').querySelector('[data-tag-search]').focus()
})

export const openTags = () => state.open && openDeed(`/inbox/${state.open}/tags`)

// Choosing rows: x, a click with Ctrl or Shift; the bar above the list says how many and what can be done.
const chosen = new Set()
let last = null
const rows = () => [...document.querySelectorAll('#rows > .row')]
const idOf = (row) => Number(row.id.replace('row-', ''))

function mark() {
  for (const row of rows()) row.classList.toggle('chosen', chosen.has(idOf(row)))
  const bar = byId('choosing')
  if (!bar) return
  bar.hidden = !chosen.size
  bar.querySelector('[data-chosen]').textContent = ngettext('{n} elegida', '{n} elegidas', chosen.size)
}

export function choose(row, { range = false } = {}) {
  if (!row) return
  const all = rows()
  const from = all.findIndex((other) => other.id === last)
  const to = all.indexOf(row)
  const isOn = !chosen.has(idOf(row))
  const some = range && from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [row]
  for (const one of some) chosen[isOn || range ? 'add' : 'delete'](idOf(one))
  last = row.id
  mark()
}

/** Lets go of what is chosen; whether anything was. */
export function clear() {
  const some = chosen.size > 0
  chosen.clear()
  last = null
  mark()
  return some
}

act('clear-chosen', clear)
const these = () => ({ step: 'ask', ids: [...chosen].join('.') })
const every = () => ({ step: 'ask', all: '1', ...Object.fromEntries(new URLSearchParams(where())) })
act('tag-chosen', () => sendDeed('/inbox/bulk-jobs', these()))
act('act-on-chosen', () => sendDeed('/inbox/bulk-jobs', { ...these(), deed: 'assign' }))
act('act-on-all', () => sendDeed('/inbox/bulk-jobs', every()))
// Another deed, or another template, needs other things.
document.addEventListener('change', ({ target }) => target.matches('#deed select[data-again]') && sendDeed('/inbox/bulk-jobs', new FormData(target.form)))
afterUpsert((element) => element.classList.contains('row') && element.classList.toggle('chosen', chosen.has(idOf(element))))
document.addEventListener('list-shown', clear)
document.addEventListener('click', (event) => {
  const row = event.target.closest('#rows > .row')
  if (!row || !(event.ctrlKey || event.metaKey || event.shiftKey || (chosen.size && event.target.closest('.avatar')))) return
  event.preventDefault()
  event.stopImmediatePropagation()
  choose(row, { range: event.shiftKey })
}, true)

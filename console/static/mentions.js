// Mentions: `@` in a note opens the list of colleagues who see the conversation; typing narrows it, Enter takes.
import { ask } from './http.js'
import { narrow, walk } from './listbox.js'
import { state } from './live.js'
import { act, toast } from './menus.js'
import { apply, byId } from './upsert.js'
import { _ } from './words.js'

/** The note of a layer that hands the conversation on; it stands before the composer. */
const inLayer = () => document.querySelector('#deed textarea[data-mentions]')
const area = () => inLayer() ?? byId(`text-${state.open}`)
const picker = () => byId(inLayer() ? 'colleagues-deed' : `colleagues-${state.open}`)
const search = () => picker().querySelector('[data-colleague-search]')
const isNote = () => Boolean(inLayer()) || area()?.closest('.composer').dataset.mode === 'note'
const place = () => (inLayer() ? `deed-${inLayer().dataset.mentions}` : state.open)
/** Whom one picked, by name: of two people of one name the text alone does not say which. */
const picked = new Map()
let from = 0
let pickedIn

async function open() {
  const [here, layer] = [place(), inLayer()]
  from = area().selectionStart
  // Whoever will see it where it goes can be called there.
  const came = await ask(layer ? `/inbox/${layer.dataset.mentions}/colleagues?${new URLSearchParams({ to: layer.form.elements.to.value })}` : `/inbox/${here}/colleagues`)
  if (place() !== here || !isNote()) return
  if (!came?.ok) return toast(came?.said || _('No pudimos traer a sus colegas.'), 'error')
  // Whoever types on meanwhile has said more than the sign.
  const typed = area().value.slice(from, area().selectionStart)
  apply(came.html)
  search().value = typed
  narrow(picker(), search())
  search().focus()
}

/** Back to writing, with what stands there; says whether there was a list to close. */
export function closeColleagues() {
  if (!picker() || picker().hidden) return false
  picker().hidden = true
  area().focus()
  return true
}

function take(item) {
  const { colleague, name } = item.dataset
  const box = area()
  const to = Math.max(from, box.selectionStart)
  closeColleagues()
  if (pickedIn !== place()) picked.clear()
  pickedIn = place()
  box.setRangeText(`${name} `, from, to, 'end')
  picked.set(name, [...(picked.get(name) ?? []), colleague])
  box.dispatchEvent(new Event('input', { bubbles: true }))
}

/** The ids of those picked whom `text` names still, with a dot between. */
function idsIn(text) {
  if (pickedIn !== place()) return ''
  return [...new Set([...picked].flatMap(([name, all]) => (text.includes(`@${name}`) ? all : [])))].join('.')
}

/** The same as the composer sends them with its note. */
export function mentionsIn(text) {
  const mentions = idsIn(text)
  picked.clear()
  return mentions ? { mentions } : {}
}

document.addEventListener('input', (event) => {
  const { target } = event
  if (target.matches('[data-colleague-search]')) return narrow(picker(), search())
  if (target === inLayer()) target.form.elements.mentions.value = idsIn(target.value)
  if (target !== area() || event.isComposing || event.data !== '@' || !isNote()) return
  // In the midst of a word it is an address.
  if (/(^|\s)@$/.test(target.value.slice(0, target.selectionStart))) open()
})
document.addEventListener('keydown', (event) => {
  const { key, target, isComposing } = event
  if (!target.matches?.('[data-colleague-search]') || isComposing) return
  if (inLayer() && key === 'Escape') closeColleagues()
  else if (inLayer() && key === 'Enter' && !picker().querySelector('[aria-selected=true]')) return event.preventDefault()
  else if (key === 'Backspace' && !target.value) closeColleagues()
  else if (key === 'Tab') closeColleagues()
  else if (!walk(picker(), search(), key, take)) return
  event.preventDefault()
  event.stopPropagation()
})
document.addEventListener('change', ({ target }) => {
  // Going elsewhere, others will see it.
  if (target.matches('#deed select[name=to]') && picker()) picker().hidden = true
})
document.addEventListener('click', ({ target }) => {
  const item = target.closest('[data-colleague]')
  if (item) take(item)
})
act('mention', () => {
  if (closeColleagues()) return
  const box = area()
  const gap = /\S$/.test(box.value.slice(0, box.selectionStart)) ? ' @' : '@'
  box.setRangeText(gap, box.selectionStart, box.selectionEnd, 'end')
  box.dispatchEvent(new Event('input', { bubbles: true }))
  open()
})

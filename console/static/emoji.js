// Choosing an emoji by keyboard or mouse: for the text, or to react to a message. One layer for both.
import { ask } from './http.js'
import { act, toast } from './menus.js'
import { apply, byId } from './upsert.js'
import { insertAt } from './composer.js'
import EMOJI from './emoji_list.js'
import { _, language } from './words.js'

const layer = byId('emoji')
const search = layer.querySelector('input')
const grid = layer.querySelector('.grid')
const fold = (words) => words.normalize('NFD').replace(/\p{Diacritic}/gu, '').toLowerCase()
let taken, opener

const WHICH = { es: 0, 'pt-BR': 1, en: 2 }[language]
for (const [emoji, ...said] of EMOJI) {
  const words = said[WHICH]
  const button = document.createElement('button')
  Object.assign(button, { type: 'button', textContent: emoji, title: words, tabIndex: -1 })
  button.dataset.words = fold(words)
  button.setAttribute('aria-label', words)
  grid.append(button)
}
const inSight = () => [...grid.children].filter((button) => !button.hidden)

function show(button, deed) {
  taken = deed
  opener = button
  search.value = ''
  narrow()
  layer.showModal()
  search.focus()
}

function narrow() {
  const words = fold(search.value).split(/\s+/).filter(Boolean)
  for (const button of grid.children) button.hidden = !words.every((word) => button.dataset.words.includes(word))
  grid.nextElementSibling.hidden = inSight().length > 0
}

function take(button) {
  const deed = taken
  layer.close()
  deed(button.textContent)
}

search.addEventListener('input', narrow)
layer.addEventListener('close', () => opener?.isConnected && opener.focus())
layer.addEventListener('click', ({ target }) => {
  if (target === layer) layer.close()
  else if (target.parentElement === grid) take(target)
})
layer.addEventListener('keydown', (event) => {
  const all = inSight()
  const at = all.indexOf(document.activeElement)
  const across = Math.max(all.filter((button) => button.offsetTop === all[0]?.offsetTop).length, 1)
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: at < 0 ? 1 : across, ArrowUp: -across }[event.key]
  if (event.key === 'Enter' && at < 0 && all.length) {
    event.preventDefault()
    return take(all[0])
  }
  // In the field the sides belong to what is typed.
  if (!step || (at < 0 && event.key !== 'ArrowDown')) return
  event.preventDefault()
  const next = at + step
  if (next < 0) search.focus()
  else all[Math.min(next, all.length - 1)].focus()
})

act('emoji', (button) => show(button, (emoji) => insertAt(emoji)))

async function react(entry, emoji) {
  const conversation = entry.closest('#pane').dataset.conversation
  const url = `/inbox/${conversation}/messages/${entry.id.replace('message-', '')}/reaction`
  const came = await ask(url, { form: { emoji, client_key: crypto.randomUUID() } })
  if (came?.html) apply(came.html)
  else toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
}
act('react', (button) => {
  const entry = button.closest('.entry')
  show(button, (emoji) => react(entry, emoji))
})
act('unreact', (button) => react(button.closest('.entry'), ''))

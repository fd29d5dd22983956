// What the bot did not grasp is labelled here by keyboard: a digit takes what the bot supposed, a letter the label that shows it; Enter keeps.
import { ask } from './http.js'
import { toast } from './menus.js'
import { afterUpsert, apply, byId } from './upsert.js'
import { _ } from './words.js'

const all = () => [...document.querySelectorAll('#bot-phrases details')]
const boxes = (phrase) => [...phrase.querySelectorAll('input')]
/** What is chosen and not yet kept, in the order of choosing: by phrase. It outlives whatever comes in. */
const chosen = new Map()
let place = null

export function toPhrase(number = 0) {
  const phrases = all()
  const phrase = phrases[Math.min(number, phrases.length - 1)]
  if (!phrase) return byId('phrases-title').focus()
  for (const other of phrases) other.open = other === phrase
  phrase.querySelector('summary').focus()
}

function choose(box) {
  const phrase = box.closest('details')
  const names = (chosen.get(phrase.id) ?? []).filter((name) => name !== box.name)
  // Nothing goes with "none of them".
  const kept = box.checked ? [...names.filter((name) => (name === 'other') === (box.name === 'other')), box.name] : names
  chosen.set(phrase.id, kept)
  for (const one of boxes(phrase)) one.checked = kept.includes(one.name)
}

function press(phrase, key) {
  const label = phrase.querySelector(`[data-digit="${key}"], [data-key="${key}"]`)
  if (!label) return false
  phrase.open = true
  const box = label.querySelector('input')
  box.checked = !box.checked
  choose(box)
  return true
}

async function keep(phrase) {
  const names = chosen.get(phrase.id) ?? []
  const form = phrase.querySelector('form')
  if (!names.length) return toast(_('Elija qué quiso decir, o «Ninguna de ellas».'), 'error')
  if (form.ariaBusy) return
  const number = all().indexOf(phrase)
  form.ariaBusy = 'true'
  const came = await ask(form.action, { form: names.map((name) => [name, '1']) })
  form.ariaBusy = null
  if (!came?.ok && came?.status !== 409) return toast(came?.said || _('No se pudo guardar. Lo elegido sigue aquí.'), 'error')
  chosen.delete(phrase.id)
  if (!came.ok) toast(came.said, 'error')
  const stays = document.activeElement === document.body || byId('bot-phrases').contains(document.activeElement)
  byId(phrase.id)?.closest('li').remove()
  if (came.ok) apply(came.html)
  byId('phrase-said').textContent = came.ok ? _('Guardada.') : came.said
  if (stays) toPhrase(number)
}

document.addEventListener('change', ({ target }) => target.closest('#bot-phrases') && choose(target))
document.addEventListener('focusin', ({ target }) => {
  const phrase = target.closest('#bot-phrases details')
  place = phrase ? all().indexOf(phrase) : null
})
document.addEventListener('pointerdown', () => { place = null }, true)
document.addEventListener('submit', (event) => {
  const phrase = event.target.closest('#bot-phrases details')
  if (!phrase || event.defaultPrevented) return
  event.preventDefault()
  keep(phrase)
})

/** Whether a key means something to the phrase that is focused. Its boxes are no text: letters are keys there too. */
export function obey(event) {
  const { key, target, repeat } = event
  const phrase = target.closest('#bot-phrases details')
  if (!phrase || target.closest('a, button, dialog')) return false
  const by = { ArrowDown: 1, ArrowUp: -1 }[key]
  if (by) toPhrase(Math.max(0, all().indexOf(phrase) + by))
  else if (repeat) return false
  else if (key === 'Enter' && phrase.open) keep(phrase)
  else return key.length === 1 && press(phrase, key.toLowerCase())
  return true
}

afterUpsert((element) => {
  if (element.id !== 'bot-phrases') return
  for (const [id, names] of chosen) for (const box of byId(id) ? boxes(byId(id)) : []) box.checked = names.includes(box.name)
  // A colleague has labelled what was stood at: the next one is in its place.
  if (place !== null && document.activeElement === document.body) toPhrase(place)
})

// The picture, video or PDF in a template's header: brought as soon as it is picked, shown as it will look.
import { carry, fit, whyNot } from './carry.js'
import { state } from './live.js'
import { parse } from './upsert.js'
import { _ } from './words.js'

const BEFORE = new WeakMap()

document.addEventListener('change', async ({ target }) => {
  if (!target.matches('[data-header-file]')) return
  forget(target, { keepInput: true })
  const [file] = target.files
  if (file) await bring(target, await fit(file))
})

async function bring(input, file) {
  const { bar, hidden, words, button } = parts(input)
  bar.hidden = false
  button.disabled = true
  const { request, arrived } = carry(file, `/inbox/${state.open}/attachments`, bar, { 'X-For': 'header' })
  input.bringing = request
  await arrived
  // Another was picked meanwhile: that one counts.
  if (input.bringing !== request) return
  bar.hidden = true
  button.disabled = false
  const refused = whyNot(request) || another(input, request)
  words.textContent = refused || words.dataset.headerWords
  words.classList.toggle('bad', Boolean(refused))
  if (refused) {
    input.value = ''
    input.focus()
    return
  }
  const brought = parse(request.responseText)[0].dataset
  hidden.value = brought.file
  show(input, brought, file)
}

/** What the bytes say it is decides, never its name. */
function another(input, request) {
  const { kind } = parse(request.responseText)[0].dataset
  const wrong = { image: _('Ese archivo no es una imagen.'), video: _('Ese archivo no es un video.'), document: _('Ese archivo no es un PDF.') }
  return kind === input.dataset.headerFile ? '' : wrong[input.dataset.headerFile]
}

function show(input, { kind, name }, file) {
  const place = input.form.querySelector('[data-header-shown]')
  if (!BEFORE.has(place)) BEFORE.set(place, place.cloneNode(true))
  if (kind === 'document') {
    place.querySelector('span').textContent = name
    return
  }
  const seen = document.createElement(kind === 'image' ? 'img' : 'video')
  seen.src = URL.createObjectURL(file)
  if (kind === 'image') seen.alt = name
  else Object.assign(seen, { controls: true, muted: true })
  place.replaceChildren(seen)
}

/** As it was before anything was picked: called too when the template has gone. */
export function forget(input, { keepInput = false } = {}) {
  const { hidden, words, bar, button } = parts(input)
  input.bringing?.abort()
  input.bringing = null
  hidden.value = ''
  bar.hidden = true
  button.disabled = false
  words.textContent = words.dataset.headerWords
  words.classList.remove('bad')
  const place = input.form.querySelector('[data-header-shown]')
  const seen = place.querySelector('img[src^="blob:"], video[src^="blob:"]')
  if (seen) URL.revokeObjectURL(seen.src)
  if (BEFORE.has(place)) place.replaceChildren(...BEFORE.get(place).cloneNode(true).childNodes)
  if (!keepInput) input.value = ''
}

const parts = (input) => ({
  bar: input.parentElement.querySelector('progress'),
  hidden: input.parentElement.querySelector('[type=hidden]'),
  words: document.getElementById(input.getAttribute('aria-describedby')),
  button: input.form.querySelector('.btn.primary'),
})

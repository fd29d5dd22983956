// Writing a template: the bubble and the examples follow what is typed. Texts only, never markup.
import './page.js'
import { carry, fit, whyNot } from './carry.js'
import { parse } from './upsert.js'

const form = document.getElementById('template-form')
const bubble = document.querySelector('[data-bubble]')
const box = form.querySelector('[data-examples]')
const VARIABLE = /\{\{\s*(\w+)\s*\}\}/
const usual = Object.fromEntries([...form.querySelectorAll('[data-blank]')].map((chip) => [chip.textContent, chip.dataset.example]))
const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true)

function examples() {
  const names = new Set([...`${form.header.value} ${form.body.value}`.matchAll(new RegExp(VARIABLE, 'g'))].map((found) => found[1]))
  for (const label of [...box.children]) if (!names.has(label.querySelector('input').name.slice(8))) label.remove()
  for (const name of names) {
    if (form.elements[`example.${name}`]) continue
    const label = copy('example-field')
    label.querySelector('span').textContent = name
    Object.assign(label.querySelector('input'), { name: `example.${name}`, value: usual[name] ?? '' })
    box.append(label)
  }
}

function say(place, text) {
  place.replaceChildren(...text.split(new RegExp(VARIABLE, 'g')).map((piece, index) => {
    if (index % 2 === 0) return document.createTextNode(piece)
    const value = form.elements[`example.${piece}`]?.value
    const fill = document.createElement('b')
    fill.className = value ? 'fill' : 'fill blank'
    fill.textContent = value || `{{${piece}}}`
    return fill
  }))
  place.hidden = !text
}

function show() {
  examples()
  const place = bubble.querySelector('[data-of=file]')
  place.hidden = form.header_format.value === 'TEXT'
  for (const kind of place.querySelectorAll('[data-format]')) kind.hidden = kind.dataset.format !== form.header_format.value
  for (const name of ['header', 'body', 'footer']) say(bubble.querySelector(`[data-of=${name}]`), name === 'header' && !place.hidden ? '' : form[name].value)
  const buttons = [['reply', form.quick1], ['reply', form.quick2], ['reply', form.quick3], ['link', form.link], ['call', form.call]]
  bubble.querySelector('[data-of=buttons]').replaceChildren(...buttons.filter(([, input]) => input.value.trim()).map(([kind, input]) => {
    const button = copy(`bubble-${kind}`)
    button.querySelector('span').textContent = input.value
    return button
  }))
}
form.addEventListener('input', show)

// The sample is brought as soon as it is picked; what is being written stays as it is.
document.addEventListener('change', async ({ target }) => {
  if (!target.matches('[data-template-file]') || !target.files.length) return
  const bar = target.parentElement.querySelector('progress')
  const words = document.getElementById('template-file-words')
  bar.hidden = false
  words.textContent = ''
  const { request, arrived } = carry(await fit(target.files[0]), `/settings/templates/drafts/${target.dataset.templateFile}/file`, bar)
  await arrived
  bar.hidden = true
  const refused = whyNot(request)
  if (refused) {
    target.value = ''
    words.textContent = refused
    return target.focus()
  }
  document.getElementById('template-file').replaceWith(parse(request.responseText)[0])
  document.getElementById('template-file-input').focus()
})
document.addEventListener('click', ({ target }) => {
  const blank = target.closest('[data-blank]')
  if (!blank) return
  form.body.setRangeText(blank.dataset.blank, form.body.selectionStart, form.body.selectionEnd, 'end')
  form.body.focus()
  show()
})
show()

// The template picker: fetched when asked for, filtered by typing, filled in and previewed before it goes.
import { ask } from './http.js'
import { state } from './live.js'
import { act, toast } from './menus.js'
import { afterUpsert, apply, parse, upsert } from './upsert.js'

const box = (id) => document.getElementById(`templates-${id}`)
const opener = () => document.querySelector('#pane .tabs .t')

export async function openTemplates(id = state.open) {
  const picker = box(id)
  if (!picker || picker.dataset.loading) return
  if (picker.querySelector('.pick')) return reveal(picker)
  picker.dataset.loading = 'yes'
  const answer = await ask(`/inbox/${id}/templates`).catch(() => null)
  if (answer?.ok) return apply(answer.html)
  delete picker.dataset.loading
  toast(answer?.said || 'No pudimos traer las plantillas.', 'error')
}

function reveal(picker) {
  picker.hidden = false
  opener().setAttribute('aria-expanded', 'true')
  const first = picker.querySelector('.preview:not([hidden])')
  if (first) fill(first)
}

export function closeTemplates() {
  const picker = box(state.open)
  if (!picker || picker.hidden || picker.closest('.composer').dataset.window === 'closed') return false
  picker.hidden = true
  opener().setAttribute('aria-expanded', 'false')
  document.getElementById(`text-${state.open}`).focus()
  return true
}

act('templates', async () => {
  const composer = document.querySelector('#pane .composer')
  if (!box(state.open).hidden && composer.dataset.mode !== 'note') return closeTemplates()
  if (composer.dataset.mode === 'note') composer.querySelector('.tabs [data-mode=reply]').click()
  await openTemplates()
  box(state.open)?.querySelector('input[type=search]')?.focus()
})

act('pick-template', (option) => choose(option))
function choose(option) {
  const picker = option.closest('.templates')
  for (const one of picker.querySelectorAll('.opt')) one.setAttribute('aria-pressed', one === option)
  for (const form of picker.querySelectorAll('.preview')) form.hidden = form.dataset.template !== option.dataset.template
  fill(picker.querySelector('.preview:not([hidden])'))
}

function fill(form) {
  for (const place of form.querySelectorAll('[data-variable]')) {
    const input = [...form.querySelectorAll('[data-fills]')].find((one) => one.dataset.fills === place.dataset.variable)
    place.textContent = input?.value || `{{${place.dataset.variable}}}`
    place.classList.toggle('blank', !input?.value)
  }
}

document.addEventListener('input', ({ target }) => {
  if (target.matches('[data-fills]')) fill(target.form)
  if (!target.matches('[data-filter-templates]')) return
  const words = target.value.toLowerCase().split(/\s+/)
  const picker = target.closest('.templates')
  const items = [...picker.querySelectorAll('li')]
  for (const item of items) item.hidden = !words.every((word) => item.dataset.words.includes(word))
  picker.querySelector('.none').hidden = items.some((item) => !item.hidden)
  const first = items.find((item) => !item.hidden)
  if (first) choose(first.querySelector('.opt'))
})

document.addEventListener('keydown', (event) => {
  const picker = event.target.closest?.('.templates')
  if (!picker) return
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return picker.querySelector('.preview:not([hidden])')?.requestSubmit()
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  if (event.target.matches('.preview *')) return
  event.preventDefault()
  const options = [...picker.querySelectorAll('li:not([hidden]) .opt')]
  const here = options.findIndex((option) => option.getAttribute('aria-pressed') === 'true')
  const next = options[Math.min(Math.max(here + (event.key === 'ArrowDown' ? 1 : -1), 0), options.length - 1)]
  if (!next) return
  choose(next)
  next.scrollIntoView({ block: 'nearest' })
  if (event.target.matches('.opt')) next.focus()
})

document.addEventListener('submit', async (event) => {
  const form = event.target
  if (!form.matches('.preview')) return
  event.preventDefault()
  const button = form.querySelector('.btn.primary')
  if (button.disabled) return
  button.disabled = true
  // One key for one intent: a second try after a lost answer is still the same message.
  form.dataset.key ??= crypto.randomUUID()
  const answer = await ask(form.action, { method: 'POST', form: [...new FormData(form), ['client_key', form.dataset.key]] }).catch(() => null)
  button.disabled = false
  if (!answer) return toast('No hubo respuesta. Puede enviarla otra vez: no saldrá dos veces.', 'error')
  parse(answer.html).forEach(upsert)
  if (!answer.ok) return answer.html ? null : toast(answer.said || 'La plantilla no se envió.', 'error')
  delete form.dataset.key
  closeTemplates()
})

afterUpsert((element) => {
  if (!element.classList.contains('templates')) return
  reveal(element)
})

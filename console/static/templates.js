// The template picker: fetched when asked for, filtered by typing, filled in and previewed before it goes.
import { ask } from './http.js'
import { forget } from './template_file.js'
import { state } from './live.js'
import { act, toast } from './menus.js'
import { afterUpsert, apply, byId } from './upsert.js'
import { openDeed } from './deeds.js'
import { _ } from './words.js'

const picker = () => byId(`templates-${state.open}`)
const opener = () => document.querySelector('#pane .tabs .t')

function show(isShown) {
  picker().hidden = !isShown
  opener().setAttribute('aria-expanded', isShown)
}

export async function openTemplates() {
  if (picker().childElementCount) return show(true)
  const came = await ask(`/inbox/${state.open}/templates`)
  if (came?.ok) apply(came.html)
  else toast(came?.said || _('No pudimos traer las plantillas.'), 'error')
}

/** Back to writing; says whether there was a picker to close. While the window is closed there is nothing else. */
export function closeTemplates() {
  if (!picker() || picker().hidden || picker().closest('.composer').dataset.window === 'closed') return false
  show(false)
  byId(`text-${state.open}`).focus()
  return true
}

/** The window has opened: nothing needs a template any more, unless one is being filled in. */
export function leaveTemplates() {
  if (picker()?.hidden === false && !picker().contains(document.activeElement)) show(false)
}

act('templates', async () => {
  const isNote = picker().closest('.composer').dataset.mode === 'note'
  if (isNote) document.querySelector('#pane .tabs [data-mode=reply]').click()
  else if (closeTemplates()) return
  await openTemplates()
  picker().querySelector('input')?.focus()
})

/** Asks when the template in sight is to leave; says whether there is one. What was typed goes along, the rest is read when it leaves. */
export function scheduleTemplate() {
  const form = picker()?.hidden === false && picker().querySelector('.preview:not([hidden])')
  if (!form || form.querySelector('.btn.primary').disabled) return false
  const asked = new URLSearchParams({ template_id: form.dataset.template })
  for (const input of form.querySelectorAll('[name^="variable."]')) if (input.value !== input.defaultValue) asked.set(input.name, input.value)
  openDeed(`/inbox/${state.open}/schedule?${asked}`)
  return true
}
act('schedule-template', scheduleTemplate)

afterUpsert((element) => {
  if (!element.matches('.templates')) return
  show(true)
  preview()
})

/** Shows the chosen template with what was filled in; texts only, never markup. */
function preview() {
  const chosen = picker().querySelector('.options :checked')?.value
  for (const form of picker().querySelectorAll('.preview')) {
    form.hidden = form.dataset.template !== chosen
    const values = new FormData(form)
    for (const place of form.querySelectorAll('[data-variable]')) {
      const value = values.get(`variable.${place.dataset.variable}`)
      place.textContent = value || (place.dataset.blank ?? `{{${place.dataset.variable}}}`)
      place.classList.toggle('blank', !value)
    }
  }
}

document.addEventListener('input', ({ target }) => {
  if (!target.closest('.templates')) return
  if (target.type === 'search') {
    const items = [...picker().querySelectorAll('li')]
    const words = target.value.toLowerCase().split(/\s+/)
    for (const item of items) item.hidden = !words.every((word) => item.dataset.words.includes(word))
    picker().querySelector('.none').hidden = items.some((item) => !item.hidden)
    const first = items.find((item) => !item.hidden)?.querySelector('input')
    if (first && !picker().querySelector('li:not([hidden]) :checked')) first.checked = true
  }
  preview()
})

document.addEventListener('keydown', ({ target, key, ctrlKey, metaKey }) => {
  if (!target.closest('.templates')) return
  if (key === 'Enter' && (ctrlKey || metaKey)) picker().querySelector('.preview:not([hidden])').requestSubmit()
  if (key === 'ArrowDown' && target.type === 'search') picker().querySelector('.options :checked').focus()
})

document.addEventListener('submit', async (event) => {
  const form = event.target
  if (!form.matches('.preview')) return
  event.preventDefault()
  const button = form.querySelector('.btn.primary')
  button.disabled = true
  // One key for one intent: a second try after a lost answer is still the same message.
  form.dataset.key ??= crypto.randomUUID()
  const came = await ask(form.action, { form: [...new FormData(form), ['client_key', form.dataset.key]] })
  button.disabled = false
  if (came?.html) apply(came.html)
  else toast(came?.said || _('No hubo respuesta. Puede enviarla otra vez: no saldrá dos veces.'), 'error')
  if (!came?.ok) return
  delete form.dataset.key
  // What was said of an earlier try no longer holds.
  byId(`notice-${state.open}`)?.querySelector('[data-act=close-notice]')?.click()
  for (const input of form.querySelectorAll('[data-header-file]')) forget(input)
  if (!closeTemplates()) byId(`log-${state.open}`).focus()
})

// Canned text: `/` at the start of the composer opens the list, typing narrows it, arrows choose, Enter takes.
import { ask, headers } from './http.js'
import { narrow, walk } from './listbox.js'
import { state } from './live.js'
import { act, toast } from './menus.js'
import { apply, byId } from './upsert.js'
import { _ } from './words.js'

const BLANK = /\{[^{}\n]+\}/
const area = () => byId(`text-${state.open}`)
const picker = () => byId(`canned-${state.open}`)
const search = () => picker().querySelector('[data-canned-search]')

let isComing = false

/**
 * Opens the list for the open conversation: what it says is of this moment, so it is asked for anew.
 *
 * Whoever types on before it has come means the list: their words look in it, and Enter sends nothing.
 */
export async function openCanned() {
  const conversation = state.open
  if (!area() || area().readOnly) return
  const draft = area().value
  isComing = true
  const came = await ask(`/inbox/${conversation}/canned-texts`).finally(() => (isComing = false))
  if (state.open !== conversation) return
  if (!came?.ok) return toast(came?.said || _('No pudimos traer las respuestas rápidas.'), 'error')
  apply(came.html)
  if (!draft && area().value) {
    search().value = area().value
    area().value = ''
    area().dispatchEvent(new Event('input', { bubbles: true }))
  }
  narrow(picker(), search())
  search().focus()
}

/** Back to writing; says whether there was a list to close. */
export function closeCanned() {
  if (!picker() || picker().hidden) return false
  picker().hidden = true
  area().focus()
  return true
}

function take(item) {
  const box = area()
  closeCanned()
  box.setRangeText(item.dataset.text, box.selectionStart, box.selectionEnd, 'end')
  // What nobody could fill in is the next thing to type.
  const blank = BLANK.exec(box.value)
  if (blank) box.setSelectionRange(blank.index, blank.index + blank[0].length)
  box.dispatchEvent(new Event('input', { bubbles: true }))
  if (item.dataset.files) bringFiles(item, state.open)
  fetch(`/inbox/${state.open}/canned-texts/${item.dataset.canned}/uses`, { method: 'POST', headers, keepalive: true }).catch(() => {})
}

/** Its files wait beside the draft, as if they had been picked: they can be taken away before anything is sent. */
async function bringFiles(item, conversation) {
  if (area().closest('.composer').dataset.mode === 'note') return toast(_('Sus archivos no van en una nota interna: quedó solo el texto.'))
  const came = await ask(`/inbox/${conversation}/canned-texts/${item.dataset.canned}/attachments`, { form: {} })
  if (came?.ok) apply(came.html)
  else toast(came?.said || _('No pudimos adjuntar sus archivos. Elija la respuesta otra vez.'), 'error')
}

document.addEventListener(
  'keydown',
  (event) => {
    if (!isComing || event.key !== 'Enter' || event.target !== area()) return
    event.preventDefault()
    event.stopPropagation()
  },
  true,
)
document.addEventListener('keydown', (event) => {
  const { key, target, isComposing } = event
  if (target === area() && key === '/' && !target.value && !isComposing) {
    event.preventDefault()
    openCanned()
  }
  if (!target.matches?.('[data-canned-search]') || isComposing) return
  if (key === '/' && !target.value) {
    // Two strokes of it are one that was meant.
    closeCanned()
    area().setRangeText('/', 0, 0, 'end')
  } else if (key === 'Backspace' && !target.value) closeCanned()
  else if (!walk(picker(), search(), key, take)) return
  event.preventDefault()
  event.stopPropagation()
})
document.addEventListener('input', ({ target }) => target.matches('[data-canned-search]') && narrow(picker(), search()))
document.addEventListener('click', ({ target }) => {
  const item = target.closest('[data-canned]')
  if (item) take(item)
})
act('canned', () => closeCanned() || openCanned())
act('confirm-right-party', async () => {
  const came = await ask(`/inbox/${state.open}/right-party`, { form: {} })
  if (!came?.ok) return toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  apply(came.html)
  narrow(picker(), search())
  search().focus()
})

// Files on their way out: picked, dropped or pasted; each is brought to the server at once, with progress, and waits
// there beside the draft until it is sent or taken away.
import { carry, fit, whyNot } from './carry.js'
import { headers } from './http.js'
import { state } from './live.js'
import { act, toast } from './menus.js'
import { apply, byId, copyOf } from './upsert.js'
import { tellWhy, write } from './composer.js'
import { _ } from './words.js'

const uploads = new Map()
const box = () => document.querySelector('#pane .composer')
const list = (conversation) => byId(`files-${conversation}`)
let numbers = 0

/** Whether a file of the open conversation is still on its way. */
export const isUploading = () => [...uploads.values()].some(({ conversation }) => conversation === state.open)

/** The files that wait, taken off the screen because they are being sent. */
export function takeFiles() {
  const items = [...list(state.open)?.querySelectorAll('[data-file]') ?? []]
  for (const item of items) item.remove()
  return items.map(({ dataset: { file, kind, name } }) => ({ id: file, kind, name }))
}

/** What waits, as the server knows it. */
export async function showFiles(conversation) {
  const response = await fetch(`/inbox/${conversation}/attachments`, { headers }).catch(() => null)
  if (response?.ok) apply(await response.text())
}

async function bring(files) {
  if (!box() || !files.length) return
  if (box().dataset.window === 'closed') return toast(_('La ventana está cerrada: WhatsApp solo acepta plantillas.'), 'error')
  write('reply')
  const conversation = state.open
  // One after the other: they leave in the order in which they reach the server.
  for (const file of files) await upload(await fit(file), conversation)
}

/** Resolves to the waiting file, or null when it was refused or cancelled. */
export async function upload(file, conversation, { voice = false } = {}) {
  const number = (numbers += 1)
  const chip = copyOf('uploading-file')
  chip.id = `uploading-${number}`
  chip.querySelector('.name').textContent = voice ? _('Nota de voz') : file.name
  list(conversation)?.append(chip)
  const { request, arrived } = carry(file, `/inbox/${conversation}/attachments`, chip.querySelector('progress'), voice ? { 'X-Voice': '1' } : {})
  uploads.set(number, { request, conversation })
  await arrived
  uploads.delete(number)
  chip.remove()
  return taken(request, file, conversation)
}

function taken(request, file, conversation) {
  if (request.cancelled) return null
  const words = whyNot(request)
  if (!words) {
    apply(request.responseText)
    const id = /data-file="(\d+)"/.exec(request.responseText)[1]
    return { id, name: file.name }
  }
  if (state.open === conversation && box()) tellWhy(`${file.name}: ${words}`)
  else toast(`${file.name}: ${words}`, 'error')
  return null
}

act('pick-files', (button) => button.parentElement.querySelector('input[type=file]').click())
act('cancel-upload', (button) => {
  const { request } = uploads.get(Number(button.closest('.waiting').id.replace('uploading-', '')))
  request.cancelled = true
  request.abort()
  box()?.querySelector('textarea').focus()
})
act('remove-file', (button) => {
  const item = button.closest('.waiting')
  item.remove()
  fetch(`/inbox/${state.open}/attachments/${item.dataset.file}/removal`, { method: 'POST', headers }).then(({ ok }) => ok || showFiles(state.open), () => showFiles(state.open))
  box().querySelector('textarea').focus()
})
document.addEventListener('change', ({ target }) => {
  if (!target.matches('#pane .tools input[type=file]')) return
  bring([...target.files])
  target.value = ''
})
document.addEventListener('paste', (event) => {
  const files = [...event.clipboardData?.files ?? []]
  if (!files.length || !event.target.closest?.('#pane') || event.clipboardData.getData('text/plain')) return
  event.preventDefault()
  bring(files)
})
for (const name of ['dragenter', 'dragover']) {
  document.addEventListener(name, (event) => {
    if (!box() || !event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'copy'
    document.querySelector('#pane').classList.add('dropping')
  })
}
document.addEventListener('dragleave', ({ relatedTarget }) => relatedTarget ?? document.querySelector('#pane')?.classList.remove('dropping'))
document.addEventListener('drop', (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return
  event.preventDefault()
  document.querySelector('#pane')?.classList.remove('dropping')
  bring([...event.dataTransfer.files])
})

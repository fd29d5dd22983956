// What one writes on the phone, and what one sends with it.
import { all, find, icon } from './dom.js'
import { call, post } from './api.js'
import { here, on, state } from './state.js'
import { recording, startRecording, stopRecording } from './recorder.js'

const draft = find('#draft')
const form = find('#composer')
const picker = find('#file')
const drafts = new Map()
let whose = null
let replying = null
let editing = null

export function startComposer() {
  form.addEventListener('submit', (event) => { event.preventDefault(); submit() })
  draft.addEventListener('input', dress)
  draft.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit() }
    if (event.key === 'Escape') forget()
  })
  find('#answering-cancel').addEventListener('click', forget)
  find('#recording').addEventListener('toggle', dress)
  find('#recording-cancel').addEventListener('click', () => stopRecording({ send: false }))
  find('#quick').addEventListener('click', ({ target }) => {
    const { send, pick } = target.closest('[data-send], [data-pick]')?.dataset ?? {}
    if (pick) choose(pick)
    if (send) sendThing(send)
  })
  picker.addEventListener('change', upload)
  on('chosen', change)
}

export function answer(message, words) {
  forget()
  replying = message
  show('Respondiendo a un mensaje', words)
}

export function edit(message) {
  forget()
  editing = message
  draft.value = message.text
  show('Editando', message.text)
}

async function submit() {
  if (recording()) return stopRecording({ send: true })
  const text = draft.value.trim()
  if (!text) return startRecording()
  const [target, quoted] = [editing, replying]
  forget()
  draft.value = ''
  dress()
  const sent = target
    ? post(here('/edit'), { message_id: target.id, text })
    : post(here('/messages'), { text, reply_to: quoted?.id ?? null })
  await sent.catch(() => { draft.value ||= text; dress() })
}

function sendThing(what) {
  const reply = replying?.id ?? null
  forget()
  if (what === 'location') return post(here('/messages'), { type: 'location', name: 'Agencia San Isidro', address: 'Av. Los Álamos 240, Lima', reply_to: reply })
  if (what === 'contacts') return post(here('/messages'), { type: 'contacts', name: 'Taller Mecánico Rojas', reply_to: reply })
  const captions = { photo: 'Le mando el comprobante, ¿me confirma?', document: 'Adjunto la orden de compra' }
  return post(here(`/${what}`), { caption: captions[what] ?? '', ...(reply ? { reply_to: reply } : {}) })
}

function choose(kind) {
  picker.dataset.kind = kind
  picker.accept = kind === 'photo' ? 'image/*' : ''
  picker.click()
}

async function upload() {
  const [file] = picker.files
  if (!file) return
  const body = new FormData()
  body.append('file', file)
  if (draft.value.trim()) body.append('caption', draft.value.trim())
  if (replying) body.append('reply_to', replying.id)
  picker.value = ''
  await call('POST', here(picker.dataset.kind === 'photo' ? '/photo' : '/document'), body)
  draft.value = ''
  forget()
}

function change() {
  drafts.set(whose, draft.value)
  whose = state.chosen
  forget()
  draft.value = drafts.get(state.chosen) ?? ''
  dress()
}

function forget() {
  if (editing) draft.value = ''
  replying = editing = null
  find('#answering').hidden = true
  dress()
}

function show(what, words) {
  find('#answering-what').textContent = what
  find('#answering-text').textContent = words
  find('#answering').hidden = false
  dress()
  draft.focus()
}

// The round button is a microphone until there is something to send.
function dress() {
  const ready = recording() || draft.value.trim()
  const words = recording() ? 'Enviar el audio' : ready ? 'Enviar' : 'Grabar un audio'
  const button = find('#send')
  if (button.title !== words) {
    button.title = words
    find('#send-label').textContent = words
    all('svg', button).forEach((old) => old.replaceWith(icon(ready ? 'send' : 'mic')))
  }
}

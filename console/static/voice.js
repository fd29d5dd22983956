// Voice notes: recorded here, repacked by the server into what WhatsApp calls a voice note.
import { state } from './live.js'
import { act, toast } from './menus.js'
import { sendRecording, write } from './composer.js'
import { upload } from './attachments.js'
import { _ } from './words.js'

const KINDS = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4']
const LONGEST = 15 * 60_000
const box = () => document.querySelector('#pane .composer')
let recording

async function record() {
  if (recording || !box()) return
  if (box().dataset.window === 'closed') return toast(_('La ventana está cerrada: WhatsApp solo acepta plantillas.'), 'error')
  const kind = KINDS.find((one) => window.MediaRecorder?.isTypeSupported(one))
  if (!kind || !navigator.mediaDevices) return toast(_('Este navegador no puede grabar sonido.'), 'error')
  write('reply')
  let stream
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } })
  } catch {
    return toast(_('No hay permiso para usar el micrófono. Actívelo en el navegador.'), 'error')
  }
  const recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: 32_000 })
  recording = { recorder, stream, conversation: state.open, pieces: [], begun: performance.now() }
  recorder.addEventListener('dataavailable', ({ data }) => recording?.pieces.push(data))
  recorder.start(1_000)
  recording.clock = setInterval(show, 250)
  show()
  bar().querySelector('[data-act=send-voice]').focus()
}

const bar = () => box()?.querySelector('.recording')

function show() {
  // Another conversation was opened: what was said there is not sent here.
  if (state.open !== recording.conversation) return end(false)
  const seconds = Math.floor((performance.now() - recording.begun) / 1000)
  bar().hidden = false
  bar().querySelector('[data-recorded]').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  if (seconds * 1000 >= LONGEST) end(true)
}

function end(sends) {
  if (!recording) return
  const { recorder, stream, conversation, pieces, clock } = recording
  clearInterval(clock)
  const { mimeType } = recorder
  recorder.addEventListener('stop', async () => {
    for (const track of stream.getTracks()) track.stop()
    if (bar()) bar().hidden = true
    recording = null
    if (!sends) return toast(_('Nota de voz descartada'))
    const file = new File(pieces, 'nota-de-voz', { type: mimeType })
    const kept = await upload(file, conversation, { voice: true })
    if (!kept) return
    document.getElementById(`waiting-${kept.id}`)?.remove()
    sendRecording({ ...kept, name: _('Nota de voz') }, conversation)
  }, { once: true })
  recorder.stop()
  box()?.querySelector('textarea').focus()
}

act('record', () => (recording ? end(true) : record()))
act('send-voice', () => end(true))
act('drop-voice', () => end(false))
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !recording) return
  event.stopPropagation()
  end(false)
}, true)

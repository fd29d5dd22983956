// Records a voice note, where the browser can; elsewhere the sample goes instead.
import { find } from './dom.js'
import { post, toast } from './api.js'
import { here } from './state.js'

const bar = find('#recording')
let recorder = null
let since = 0
let kept = true

export const recording = () => recorder !== null

export async function startRecording(path = here('/voice')) {
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return sample(path)
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null)
  if (!stream) return sample(path)
  const type = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4'].find((kind) => MediaRecorder.isTypeSupported(kind))
  recorder = new MediaRecorder(stream, { mimeType: type })
  const parts = []
  kept = true
  recorder.ondataavailable = ({ data }) => parts.push(data)
  recorder.onstop = async () => {
    stream.getTracks().forEach((track) => track.stop())
    recorder = null
    show()
    if (!kept || !parts.length) return
    const form = new FormData()
    form.append('file', new Blob(parts, { type: type.split(';')[0] }), 'nota-de-voz')
    await post(path, form)
  }
  recorder.start()
  since = Date.now()
  show()
}

export function stopRecording({ send }) {
  kept = send
  recorder?.stop()
}

async function sample(path) {
  await post(path)
  toast('Sin micrófono: salió un audio de ejemplo.')
}

function show() {
  const on = recorder !== null
  bar.hidden = !on
  find('#composer .inp').hidden = on
  bar.dispatchEvent(new Event('toggle', { bubbles: true }))
  if (!on) return
  const seconds = Math.floor((Date.now() - since) / 1000)
  find('#recorded').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  setTimeout(show, 250)
}

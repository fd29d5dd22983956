// A file on its way to the server: made fit, carried with progress, and told in words when it did not arrive.
import { answer, headers } from './http.js'
import { _ } from './words.js'

const LARGEST_PHOTO = 5 * 1024 * 1024
const LARGEST_SIDE = 2560
const SENT_AS_THEY_ARE = new Set(['image/jpeg', 'image/png'])

/** Photos that are too large, or of a kind WhatsApp refuses, become a JPEG that it takes. */
export async function fit(file) {
  if (!file.type.startsWith('image/') || file.type === 'image/svg+xml') return file
  if (SENT_AS_THEY_ARE.has(file.type) && file.size <= LARGEST_PHOTO) return file
  try {
    const picture = await createImageBitmap(file)
    const scale = Math.min(1, LARGEST_SIDE / Math.max(picture.width, picture.height))
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale))
    const pen = canvas.getContext('2d')
    pen.fillStyle = '#fff'
    pen.fillRect(0, 0, canvas.width, canvas.height)
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
    const smaller = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.86 })
    return new File([smaller], file.name.replace(/\.[^.]*$/, '') + '.jpg', { type: 'image/jpeg' })
  } catch {
    return file
  }
}

/** A file as the body of a request, moving `bar`; `arrived` resolves when it ends, however that is. */
export function carry(file, address, bar, more = {}) {
  const request = new XMLHttpRequest()
  const arrived = new Promise((resolve) => request.addEventListener('loadend', resolve))
  request.upload.addEventListener('progress', ({ loaded, total }) => { bar.value = loaded / total })
  request.open('POST', address)
  const told = { ...headers, 'Content-Type': 'application/octet-stream', 'X-File-Name': encodeURIComponent(file.name), ...more }
  for (const [name, value] of Object.entries(told)) request.setRequestHeader(name, value)
  request.send(file)
  return { request, arrived }
}

/** Why a file did not arrive, in words; nothing when it did. */
export function whyNot(request) {
  const came = request.status ? answer(request.status, request.responseText, null) : null
  if (came?.ok) return ''
  return came ? came.said || _('El servidor no pudo recibirlo.') : _('No hay conexión. Adjúntelo otra vez.')
}

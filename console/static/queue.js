// The queue: one's own state, the next conversation, and a key of its own for each handing-on.
import { ask, headers, answer } from './http.js'
import { whenConnected } from './live.js'
import { act, toast } from './menus.js'
import { open } from './pane.js'
import { apply } from './upsert.js'
import { _ } from './words.js'

/** How one stands to the queue may have changed while the line was cut. */
async function read() {
  const came = await ask('/inbox/state')
  if (came?.ok) apply(came.html)
}

/** Takes the next conversation and opens it; without one, the sentence says why. */
export async function next() {
  const response = await fetch('/inbox/next', { method: 'POST', headers }).catch(() => null)
  if (!response) return toast(_('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  const came = answer(response.status, await response.text(), null)
  if (!came.ok) return toast(came.said || _('No se pudo tomar la siguiente.'), response.status === 404 ? 'ok' : 'error')
  open(Number(response.headers.get('x-conversation')))
}

act('next', next)
whenConnected(read)
read()
document.addEventListener('deed-shown', ({ target }) => {
  const key = target.querySelector('input[data-fresh]')
  if (key) key.value = crypto.randomUUID()
})

// A masked document or telephone, whole for a moment. Each look is on record; nothing of it stays on the page.
import { ask } from './http.js'
import { act, toast } from './menus.js'
import { parse } from './upsert.js'
import { _ } from './words.js'

const shown = new Map()

act('reveal', async (button) => {
  if (shown.has(button)) return shown.get(button)()
  const whole = await wholeOf(button)
  if (whole && button.isConnected) show(button, whole)
})

// Copied without being seen: it is a look all the same. What is on the page already was looked at.
act('copy-whole', async (button) => {
  const [place, look] = button.parentElement.children
  const words = shown.has(look) ? Promise.resolve(place.textContent) : wholeOf(button).then((whole) => whole?.textContent ?? Promise.reject(new Error()))
  // Given as a promise: a browser may forget, while the server answers, that somebody pressed something.
  const item = new ClipboardItem({ 'text/plain': words.then((text) => new Blob([text], { type: 'text/plain' })) })
  try {
    await navigator.clipboard.write([item])
    toast(_('Copiado'))
  } catch { /* why there is nothing to copy was said */ }
})

async function wholeOf(button) {
  if (button.ariaBusy === 'true') return null
  button.ariaBusy = 'true'
  const came = await ask(button.dataset.address, { form: {} })
  button.ariaBusy = 'false'
  const [whole] = came?.ok ? parse(came.html) : []
  if (!whole) toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  return whole
}

function show(button, whole) {
  const place = button.previousElementSibling
  const masked = place.textContent
  const timer = setTimeout(hide, whole.dataset.seconds * 1_000)
  function hide() {
    clearTimeout(timer)
    shown.delete(button)
    place.textContent = masked
    button.ariaPressed = 'false'
  }
  shown.set(button, hide)
  place.textContent = whole.textContent
  button.ariaPressed = 'true'
}

// Nobody looks at it any more, or somebody else may.
const hideAll = () => { for (const hide of [...shown.values()]) hide() }
document.addEventListener('visibilitychange', () => document.hidden && hideAll())
addEventListener('pagehide', hideAll)

// A masked document, whole for a moment. Each look is on record; nothing of it stays on the page.
import { ask } from './http.js'
import { act, toast } from './menus.js'
import { parse } from './upsert.js'
import { _ } from './words.js'

const shown = new Map()

act('reveal', async (button) => {
  if (shown.has(button)) return shown.get(button)()
  if (button.ariaBusy === 'true') return
  button.ariaBusy = 'true'
  const came = await ask(button.dataset.address, { form: {} })
  button.ariaBusy = 'false'
  const [whole] = came?.ok ? parse(came.html) : []
  if (!whole) return toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  if (button.isConnected) show(button, whole)
})

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

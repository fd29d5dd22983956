// The one pill at the top that says how the connection is.
import { icon } from './menus.js'

const box = document.getElementById('connection')
let leaving

const TEXTS = {
  offline: ['', 'wifi-off', 'Sin internet. Lo que escriba saldrá al reconectar'],
  connecting: ['calm', 'refresh-cw', 'Conectando…'],
  failed: ['calm', 'triangle-alert', 'No se pudo conectar.', 'Reintentar'],
  tabs: ['calm', 'triangle-alert', 'Tiene demasiadas pestañas abiertas. Cierre alguna.', 'Reintentar'],
  back: ['good', 'check', 'Conectado'],
}

export function say(what, news = 0) {
  const [tone, drawing, words, action] = TEXTS[what]
  clearTimeout(leaving)
  if (what === 'back' && !box.firstChild && !news) return
  const pill = Object.assign(document.createElement('span'), { className: `pill ${tone}` })
  pill.dataset.said = what
  pill.append(icon(drawing), what === 'back' && news ? `Conectado, ${news} ${news === 1 ? 'novedad' : 'novedades'}` : words)
  if (action) pill.append(Object.assign(document.createElement('button'), { className: 'lnk', type: 'button', textContent: action }))
  pill.lastElementChild.dataset.act = action ? 'reconnect' : ''
  box.replaceChildren(pill)
  if (what === 'back') leaving = setTimeout(hush, 4_000)
}

/** The system says the network is back and the line answered: the word about it may go. */
export function hushOffline() {
  if (box.querySelector('[data-said=offline]') && navigator.onLine) hush()
}

export function hush() {
  box.replaceChildren()
}

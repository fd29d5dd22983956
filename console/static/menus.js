// Small things any page has: menus, dialogs, short notices, the theme, copying.
import { signInAgain } from './http.js'
import { apply, parse, upsert } from './upsert.js'

const acts = {}
/** Names what a click on [data-act=…] does; the page's markup only says the name. */
export const act = (name, deed) => { acts[name] = deed }

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  svg.setAttribute('class', 'i')
  svg.setAttribute('aria-hidden', 'true')
  use.setAttribute('href', `#i-${name}`)
  svg.append(use)
  return svg
}

let toasts = 0
export function toast(words, kind = 'ok') {
  const [note] = parse('<div class="toast" data-into="toasts"><span dir="auto"></span><button type="button" class="ib" data-act="close-toast" aria-label="Cerrar aviso"></button></div>')
  note.id = `toast-here-${++toasts}`
  note.classList.add(kind)
  note.setAttribute('role', kind === 'error' ? 'alert' : 'status')
  note.prepend(icon(kind === 'error' ? 'triangle-alert' : 'check'))
  note.querySelector('span').textContent = words
  note.querySelector('button').append(icon('x'))
  upsert(note)
  leaveLater(note)
}

export function leaveLater(note) {
  setTimeout(() => note.remove(), note.classList.contains('error') ? 9_000 : 5_000)
}

document.addEventListener('click', (event) => {
  const inside = event.target.closest('details.menu')
  for (const menu of document.querySelectorAll('details.menu[open]')) if (menu !== inside) menu.open = false
  const button = event.target.closest('[data-act]')
  const deed = acts[button?.dataset.act]
  if (!deed || (button.tagName === 'A' && (event.metaKey || event.ctrlKey || event.shiftKey))) return
  event.preventDefault()
  deed(button, event)
})

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  const menu = document.querySelector('details.menu[open]')
  if (!menu) return
  menu.open = false
  menu.querySelector('summary').focus()
  event.stopPropagation()
}, true)

// htmx sends the forms; the answer is put in place like a push, refusals included.
document.addEventListener('htmx:configRequest', ({ detail }) => {
  const token = document.querySelector('meta[name=csrf-token]')?.content
  if (token) detail.headers['x-csrftoken'] = token
  if (detail.elt.matches('[data-fresh-key]')) detail.parameters.set?.('client_key', (detail.elt.dataset.key ??= crypto.randomUUID()))
})
document.addEventListener('htmx:afterRequest', ({ detail }) => {
  const { xhr, elt } = detail
  if (xhr.status === 401) return signInAgain()
  elt.closest('details.menu')?.removeAttribute('open')
  const isHtml = (xhr.getResponseHeader('content-type') ?? '').includes('text/html')
  if (isHtml && xhr.status) return apply(xhr.responseText)
  if (xhr.status >= 200 && xhr.status < 300) return
  let said = 'No hubo respuesta del servidor. Vuelva a probar.'
  if (xhr.status) try { const problem = JSON.parse(xhr.responseText); said = problem.text ?? problem.detail ?? said } catch { said = 'No se pudo hacer. Vuelva a probar.' }
  toast(said, 'error')
})

const THEMES = { '': 'automático', light: 'claro', dark: 'oscuro' }
function showTheme() {
  for (const words of document.querySelectorAll('[data-theme-words]')) words.textContent = `Tema: ${THEMES[document.documentElement.dataset.theme ?? '']}`
}
act('theme', () => {
  const order = Object.keys(THEMES)
  const next = order[(order.indexOf(document.documentElement.dataset.theme ?? '') + 1) % order.length]
  if (next) document.documentElement.dataset.theme = next
  else delete document.documentElement.dataset.theme
  if (next) localStorage.setItem('theme', next)
  else localStorage.removeItem('theme')
  showTheme()
})
act('help', () => {
  for (const menu of document.querySelectorAll('details.menu[open]')) menu.open = false
  document.getElementById('help').showModal()
})
act('close-toast', (button) => button.closest('.toast').remove())
act('copy', async (button) => {
  await navigator.clipboard.writeText(button.dataset.copy)
  toast('Copiado')
})
showTheme()

// Small things any page has: menus, dialogs, short notices, the theme, copying, and forms that htmx sends.
import { answer } from './http.js'
import { afterUpsert, apply, byId, copyOf, upsert } from './upsert.js'
import { _, language } from './words.js'

const acts = {}
/** Names what a click on [data-act=…] does; the markup only says the name. */
export const act = (name, deed) => { acts[name] = deed }

let toasts = 0
export function toast(words, kind = 'ok') {
  const note = copyOf(`toast-${kind}`)
  note.id = `toast-here-${(toasts += 1)}`
  note.querySelector('span').textContent = words
  upsert(note)
}
afterUpsert((element) => element.classList.contains('toast') && setTimeout(() => element.remove(), element.matches('.error') ? 9_000 : 5_000))

document.addEventListener('click', (event) => {
  const inside = event.target.closest('details.menu')
  for (const menu of document.querySelectorAll('details.menu[open]')) menu.open = menu === inside
  const button = event.target.closest('[data-act]')
  const deed = acts[button?.dataset.act]
  if (!deed || (button.href && (event.metaKey || event.ctrlKey || event.shiftKey))) return
  event.preventDefault()
  deed(button)
})

/** Where places lie beside each other and move sideways, the one that is shown is in sight. */
export function showCurrent() {
  for (const one of document.querySelectorAll('nav [aria-current]')) {
    const nav = one.closest('nav')
    const [box, room] = [one.getBoundingClientRect(), nav.getBoundingClientRect()]
    if (nav.scrollWidth > nav.clientWidth) nav.scrollLeft += box.x + box.width / 2 - room.x - room.width / 2
  }
}
showCurrent()
// New numbers come in the place of the old ones, and what was moved aside stays so.
let aside = 0
document.addEventListener('scroll', ({ target }) => { if (target.id === 'counts') aside = target.scrollLeft }, true)
afterUpsert((element) => { if (element.id === 'counts') element.scrollLeft = aside })

/** Closes the open menu, if one is; says whether one was. */
export function closeMenu() {
  const menu = document.querySelector('details.menu[open]')
  menu?.removeAttribute('open')
  menu?.querySelector('summary').focus()
  return Boolean(menu)
}

document.addEventListener('htmx:configRequest', ({ detail: { elt, parameters, headers } }) => {
  const token = document.querySelector('meta[name=csrf-token]')?.content
  if (token) headers['x-csrftoken'] = token
  headers['x-page-language'] = language
  // One key for one intent: pressing twice is still one message.
  if (elt.matches('[data-fresh-key]')) parameters.set('client_key', (elt.dataset.key ??= crypto.randomUUID()))
})
// An answer is put in place like a push, refusals included. Whoever asked may have been replaced by a push meanwhile,
// and htmx then tells nobody: the request itself is listened to.
document.addEventListener('htmx:beforeRequest', ({ detail: { xhr, elt } }) => xhr.addEventListener('loadend', () => {
  elt.closest('details.menu')?.removeAttribute('open')
  const came = answer(xhr.status, xhr.responseText, null)
  if (came.html) apply(came.html)
  if (!came.ok && !came.html) toast(came.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
}))

const THEMES = ['', 'light', 'dark']
const root = document.documentElement
const showTheme = () => { for (const words of document.querySelectorAll('[data-theme-words]')) words.textContent = words.getAttribute(`data-say-${root.dataset.theme || 'auto'}`) }
act('theme', () => {
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? '') + 1) % THEMES.length]
  delete root.dataset.theme
  localStorage.removeItem('theme')
  if (next) localStorage.setItem('theme', (root.dataset.theme = next))
  showTheme()
})
act('help', () => byId('help').showModal())
act('close-toast', (button) => button.closest('.toast').remove())
act('copy', async (button) => {
  await navigator.clipboard.writeText(button.dataset.copy ?? button.closest('.msg').querySelector('.text').textContent)
  toast(_('Copiado'))
})
showTheme()

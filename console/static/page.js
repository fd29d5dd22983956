// The quiet pages need only the small things, "?" for help and Escape.
import { closeMenu, toast } from './menus.js'
import './palette.js'
import './return.js'
import './reveal.js'
import { _ } from './words.js'

document.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape' && !closeMenu()) fold(target)
  if (key === '?' && !target.closest('input, textarea, select')) document.getElementById('help')?.showModal()
})

// Without a network a form would leave for a page that says so, and what was typed would be gone.
document.addEventListener('submit', (event) => {
  if (navigator.onLine) return
  event.preventDefault()
  event.stopImmediatePropagation()
  toast(_('Sin conexión: no se guardó. Lo escrito sigue aquí.'), 'error')
}, true)

/** Closes what was opened around the focus, and goes back to what opened it. */
function fold(target) {
  const open = !document.querySelector('dialog[open]') && target.closest('main details[open]')
  if (!open) return
  open.open = false
  open.querySelector('summary').focus()
}

// A file that is too large is said so here, before it travels and takes with it what was typed beside it.
document.addEventListener('change', ({ target }) => {
  if (!target.matches('[type=file][data-most]')) return
  target.setCustomValidity([...target.files].some(({ size }) => size > Number(target.dataset.most)) ? target.dataset.sayTooBig : '')
  target.reportValidity()
})

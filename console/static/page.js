// The quiet pages need only the small things, "?" for help and Escape.
import { closeMenu } from './menus.js'
import './palette.js'
import './reveal.js'

document.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape') closeMenu()
  if (key === '?' && !target.closest('input, textarea, select')) document.getElementById('help')?.showModal()
})

// A file that is too large is said so here, before it travels and takes with it what was typed beside it.
document.addEventListener('change', ({ target }) => {
  if (!target.matches('[type=file][data-most]')) return
  target.setCustomValidity([...target.files].some(({ size }) => size > Number(target.dataset.most)) ? target.dataset.sayTooBig : '')
  target.reportValidity()
})

// The quiet pages need only the small things, "?" for help and Escape.
import { closeMenu } from './menus.js'
import './palette.js'
import './reveal.js'

document.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape') closeMenu()
  if (key === '?' && !target.closest('input, textarea, select')) document.getElementById('help')?.showModal()
})

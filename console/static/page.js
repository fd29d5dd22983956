// The quiet pages need only the small things, and "?" for help.
import './menus.js'

document.addEventListener('keydown', (event) => {
  if (event.key === '?' && !event.target.closest('input, textarea, select')) document.getElementById('help')?.showModal()
})

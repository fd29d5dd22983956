// All that the bot did not grasp, on a page of its own: labelled by the same keys (console/shortcuts.py, "phrases").
import { obey, toPhrase } from './phrases.js'

document.addEventListener('keydown', (event) => {
  const modified = event.ctrlKey || event.metaKey || event.altKey || event.getModifierState('AltGraph') || event.isComposing
  if (modified) return
  if (obey(event)) return event.preventDefault()
  if (event.key.toLowerCase() !== 'l' || event.target.closest('input, textarea, select, dialog')) return
  event.preventDefault()
  toPhrase()
})

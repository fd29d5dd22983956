// The page of canned text: a variable goes where the cursor is.
import './page.js'

document.addEventListener('click', ({ target }) => {
  const blank = target.closest('[data-blank]')
  const area = blank?.closest('form').querySelector('textarea')
  if (!area) return
  area.setRangeText(blank.dataset.blank, area.selectionStart, area.selectionEnd, 'end')
  area.focus()
})

// The page of canned text: a variable goes where the cursor is, and files are brought as soon as they are picked.
import { carry, fit, whyNot } from './carry.js'
import { parse } from './upsert.js'
import './page.js'

document.addEventListener('change', async ({ target }) => {
  if (!target.matches('[data-canned-files]')) return
  const id = `canned-files-${target.dataset.cannedFiles}`
  const refusals = []
  // One after the other: they are listed in the order in which they were picked.
  for (const file of [...target.files]) {
    const box = document.getElementById(id)
    const bar = box.querySelector('progress')
    bar.hidden = false
    const { request, arrived } = carry(await fit(file), `/settings/canned/${target.dataset.cannedFiles}/files`, bar)
    await arrived
    bar.hidden = true
    const refused = whyNot(request)
    if (refused) refusals.push(`${file.name}: ${refused}`)
    else box.replaceWith(parse(request.responseText)[0])
  }
  const box = document.getElementById(id)
  box.querySelector('[role=alert]').textContent = refusals.join(' ')
  box.querySelector('input').value = ''
  box.querySelector('input').focus()
})

document.addEventListener('click', ({ target }) => {
  const blank = target.closest('[data-blank]')
  const area = blank?.closest('form').querySelector('textarea')
  if (!area) return
  area.setRangeText(blank.dataset.blank, area.selectionStart, area.selectionEnd, 'end')
  area.focus()
})

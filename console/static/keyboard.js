// Single-letter shortcuts. They are off while writing and with any modifier, so that AltGr and the system keep theirs.
import { state } from './live.js'
import { write } from './composer.js'
import { closeTemplates } from './templates.js'
import * as list from './list.js'

const click = (selector) => document.querySelector(selector)?.click()
const VIEWS = { i: 'mine', u: 'unassigned', a: 'all' }
const KEYS = {
  j: () => list.move(1),
  k: () => list.move(-1),
  r: () => write('reply'),
  n: () => write('note'),
  t: () => click('#pane [data-act=templates]'),
  m: () => click('#pane .head button[name=holder][value=me]'),
  e: () => click('#pane .head [data-key=e] button'),
  '?': () => click('[data-act=help]'),
}
let going = 0

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') return escape(event)
  if (event.target.closest('input, textarea, select, [contenteditable], dialog') || event.ctrlKey || event.metaKey || event.altKey || event.getModifierState('AltGraph') || event.isComposing) return
  if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && event.target.closest('.row')) {
    event.preventDefault()
    return list.move(event.key === 'ArrowDown' ? 1 : -1)
  }
  if (event.repeat && !'jk'.includes(event.key)) return
  if (Date.now() < going && VIEWS[event.key]) {
    going = 0
    return list.show(VIEWS[event.key])
  }
  going = event.key === 'g' ? Date.now() + 1500 : 0
  const deed = KEYS[event.key]
  if (!deed) return
  event.preventDefault()
  deed()
})

function escape(event) {
  if (document.querySelector('dialog[open]')) return
  if (closeTemplates()) return
  if (document.body.classList.contains('show-panel')) return document.body.classList.remove('show-panel')
  if (event.target.matches('textarea')) (document.querySelector(`#row-${state.open} > a`) ?? document.getElementById('main')).focus()
}

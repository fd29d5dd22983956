// Single-letter shortcuts; what each is called stands in console/shortcuts.py. They are off while writing and with any modifier, so that AltGr and the system keep theirs.
import { closeMenu } from './menus.js'
import { write } from './composer.js'
import { closeTemplates } from './templates.js'
import { closeCanned, openCanned } from './canned.js'
import { closeColleagues } from './mentions.js'
import { fromMessage } from './deeds.js'
import * as list from './list.js'
import { next } from './queue.js'
import * as tags from './tags.js'
import { openSaved, saveView } from './saved_views.js'
import { openSearch } from './search.js'
import { lend } from './palette.js'
import { openAt } from './pane.js'
import { state } from './live.js'

const click = (selector) => document.querySelector(selector)?.click()
const VIEWS = { i: 'mine', u: 'unassigned', a: 'all', z: 'snoozed', m: 'mentions' }
const KEYS = {
  j: () => list.move(1),
  k: () => list.move(-1),
  r: () => write('reply'),
  n: () => write('note'),
  a: () => click('#pane [data-act=pick-files]'),
  y: () => click('#pane [data-act=record]'),
  h: () => click('#pane [data-act=schedule]'),
  t: () => click('#pane [data-act=templates]'),
  '/': () => {
    write('reply')
    openCanned()
  },
  p: () => fromMessage('promises/new'),
  c: () => fromMessage('plans/new'),
  d: () => fromMessage('disputes/new'),
  b: () => fromMessage('consent/new'),
  o: () => click('#pane .panel [data-deed$="/payment-links/new"]'),
  m: () => click('#pane .head button[value=me]'),
  e: () => click('#pane .head [data-key=e] button'),
  z: () => click('#pane .head [data-deed$="/snooze"]'),
  q: openSearch,
  v: saveView,
  s: next,
  w: () => click('#pane .head [data-deed$="/transfer"]'),
  f: () => list.openFilters(),
  l: () => tags.openTags(),
  x: (event) => tags.choose(document.activeElement?.closest('.row'), { range: event.shiftKey }),
  '?': () => click('[data-act=help]'),
}
lend(KEYS, (id) => openAt(id, null))
// What these do is done to a conversation: never to the open one while somebody stands at the line of another.
const OF_ONE = new Set('rnayht/pcdbomezwl')
const TO_WRITE = new Set('rn/')
let going = 0

/** What is done to a conversation is done where its reader sees it: its line is opened first. Only writing goes on by itself. */
async function openThen(key, deed) {
  const id = list.elsewhere()
  await openAt(id, null)
  if (TO_WRITE.has(key) && state.open === id) deed()
}

document.addEventListener('keydown', (event) => {
  const { key, target, repeat } = event
  if (key === 'Escape') return escape(target)
  const modified = event.ctrlKey || event.metaKey || event.altKey || event.getModifierState('AltGraph') || event.isComposing
  if (modified || target.closest('input, textarea, select, dialog')) return
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[key]
  const deed = arrow && target.closest('.row') ? () => list.move(arrow) : Date.now() < going && VIEWS[key] ? () => list.goTo(VIEWS[key]) : Date.now() < going && /^[1-9]$/.test(key) ? () => openSaved(Number(key)) : KEYS[key.toLowerCase() === 'x' ? 'x' : key]
  going = key === 'g' ? Date.now() + 1_500 : 0
  if (!deed || (repeat && !arrow && !'jk'.includes(key))) return
  event.preventDefault()
  if (OF_ONE.has(key) && deed === KEYS[key] && list.elsewhere() !== null) openThen(key, deed)
  else deed(event)
})

function escape(target) {
  if (document.querySelector('dialog[open]') || closeMenu() || closeCanned() || closeColleagues() || closeTemplates() || tags.clear()) return
  if (document.body.classList.contains('show-panel')) document.body.classList.remove('show-panel')
  else if (target.matches('textarea, input')) {
    // Always out of the text, also where the open conversation stands in no line of this list.
    target.blur()
    document.querySelector('#rows > .row > a:is([aria-current], [tabindex="0"])')?.focus()
  }
}

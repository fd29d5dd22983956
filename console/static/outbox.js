// What was sent but not yet taken by the server. It survives a lost line and a reload of this tab, and always goes
// with the same key, so that the server takes it once.
import { ask } from './http.js'
import { whenConnected } from './live.js'
import { act } from './menus.js'
import { apply, byId, copyOf, upsert } from './upsert.js'
import { dayOf, now, timeOf } from './clock.js'

const NAME = `outbox-${document.body.dataset.agent}`
const RETRY_AFTER = 4_000
const waiting = JSON.parse(sessionStorage.getItem(NAME) ?? '[]')
const busy = new Set()
const ours = new Set(waiting.map(({ key }) => key))
export const isFromThisTab = (key) => ours.has(key)
const keep = () => sessionStorage.setItem(NAME, JSON.stringify(waiting))
const of = (conversation) => waiting.filter((entry) => entry.conversation === conversation)
let giveBack
/** Listens for what was not accepted: (entry, its text and that of what waited behind it, the answer). */
export const whenRefused = (listener) => { giveBack = listener }

const PLACES = { text: 'replies', note: 'notes', file: 'files' }
/** entry: { key, conversation, kind: "text" | "note" | "file", text, form, name } */
export function post(entry) {
  waiting.push(entry)
  ours.add(entry.key)
  keep()
  show(entry)
  deliver(entry.conversation)
}

/** The bubbles of a conversation that was just drawn. */
export const showWaiting = (conversation) => of(conversation).forEach(show)

function show(entry) {
  if (!byId(`composer-${entry.conversation}`) || document.querySelector(`[data-client-key="${entry.key}"]`)) return
  const bubble = copyOf(`bubble-${entry.kind === 'note' ? 'note' : 'text'}`)
  bubble.id = `pending-${entry.key}`
  bubble.dataset.into = `thread-${entry.conversation}`
  bubble.dataset.clientKey = ''
  bubble.dataset.day = dayOf(now())
  bubble.querySelector('.text').textContent = [entry.name, entry.text].filter(Boolean).join('\n')
  for (const time of bubble.querySelectorAll('time')) time.textContent = timeOf(now())
  upsert(bubble)
  if (entry.late) showLate(entry)
}

function showLate(entry) {
  entry.late = true
  byId(`pending-${entry.key}`)?.querySelector('footer').replaceChildren(copyOf('outbox-note'))
}

async function deliver(conversation) {
  if (busy.has(conversation)) return
  busy.add(conversation)
  while (of(conversation).length && (await attempt(of(conversation)[0])));
  busy.delete(conversation)
}

async function attempt(entry) {
  const form = { ...entry.form, text: entry.text, client_key: entry.key }
  const came = await ask(`/inbox/${entry.conversation}/${PLACES[entry.kind]}`, { form })
  if (!waiting.includes(entry)) return true
  if (came?.status === 401) return false
  if (!came || came.status >= 500 || came.status === 429) {
    of(entry.conversation).forEach(showLate)
    keep()
    setTimeout(deliver, RETRY_AFTER, entry.conversation)
    return false
  }
  // Whatever stood behind a refused one was written believing that it had gone: all of it comes back.
  const done = came.ok ? [entry] : of(entry.conversation).filter((one) => (one.kind === 'note') === (entry.kind === 'note'))
  if (came.ok) apply(came.html)
  done.forEach(forget)
  if (!came.ok) giveBack(entry, done.map((one) => one.text).filter(Boolean).join('\n'), came)
  return true
}

function forget(entry) {
  waiting.splice(waiting.indexOf(entry), 1)
  keep()
  byId(`pending-${entry.key}`)?.remove()
}

act('cancel-pending', (button) => {
  const entry = waiting.find((one) => `pending-${one.key}` === button.closest('.entry').id)
  forget(entry)
  giveBack(entry, entry.text, null)
})
whenConnected(() => new Set(waiting.map((entry) => entry.conversation)).forEach(deliver))

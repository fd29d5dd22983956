// What was sent but not yet taken by the server. It survives a lost line and a reload of this tab, and always
// goes with the same key, so that the server takes it once.
import { ask } from './http.js'
import { state, whenConnected } from './live.js'
import { act } from './menus.js'
import { apply, upsert } from './upsert.js'
import { dayOf, now, timeOf } from './clock.js'

const NAME = `outbox-${document.body.dataset.agent}`
const waiting = JSON.parse(sessionStorage.getItem(NAME) ?? '[]')
const busy = new Set()
let giveBack = () => {}
export const whenRefused = (listener) => { giveBack = listener }

function keep() {
  sessionStorage.setItem(NAME, JSON.stringify(waiting))
}

/** entry: { key, conversation, kind ("text" | "note"), text, form } */
export function post(entry) {
  waiting.push(entry)
  keep()
  show(entry)
  deliver(entry.conversation)
}

/** The bubbles of this conversation that have not been taken yet, after it was drawn. */
export function showWaiting(conversation) {
  for (const entry of waiting) if (entry.conversation === conversation) show(entry)
}

function show(entry) {
  const draft = document.querySelector(`#pane[data-conversation="${entry.conversation}"] template[data-pending="${entry.kind}"]`)
  if (!draft || document.querySelector(`[data-client-key="${entry.key}"]`)) return
  const bubble = draft.content.firstElementChild.cloneNode(true)
  bubble.id = `pending-${entry.key}`
  bubble.dataset.clientKey = ''
  bubble.dataset.day = dayOf(now())
  bubble.querySelector('.text').textContent = entry.text
  for (const time of bubble.querySelectorAll('time')) time.textContent = timeOf(now())
  upsert(bubble)
  if (entry.late) markLate(entry)
}

function markLate(entry) {
  entry.late = true
  const footer = document.querySelector(`#pending-${entry.key} footer`)
  if (footer) footer.replaceChildren(document.getElementById('outbox-note').content.cloneNode(true))
}

async function deliver(conversation) {
  if (busy.has(conversation)) return
  busy.add(conversation)
  try {
    for (let entry; (entry = waiting.find((one) => one.conversation === conversation)); ) if (!(await attempt(entry))) break
  } finally {
    busy.delete(conversation)
  }
}

async function attempt(entry) {
  const answer = await ask(`/inbox/${entry.conversation}/${entry.kind === 'note' ? 'notes' : 'replies'}`, { method: 'POST', form: { ...entry.form, text: entry.text, client_key: entry.key } }).catch(() => null)
  if (!answer || answer.status >= 500 || answer.status === 429) {
    waiting.filter((one) => one.conversation === entry.conversation).forEach(markLate)
    keep()
    setTimeout(() => deliver(entry.conversation), 4_000)
    return false
  }
  if (answer.ok) {
    remove(entry)
    apply(answer.html)
    return true
  }
  // Whatever stood behind it was written believing this one had gone: all of it comes back.
  const back = waiting.filter((one) => one.conversation === entry.conversation && one.kind === entry.kind)
  back.forEach(remove)
  giveBack(entry, back.map((one) => one.text).join('\n'), answer)
  return false
}

function remove(entry) {
  const index = waiting.indexOf(entry)
  if (index >= 0) waiting.splice(index, 1)
  keep()
  if (!document.querySelector(`[data-client-key="${entry.key}"]`)) setTimeout(() => document.getElementById(`pending-${entry.key}`)?.remove())
}

act('cancel-pending', (button) => {
  const entry = waiting.find((one) => `pending-${one.key}` === button.closest('.entry').id)
  if (!entry) return
  remove(entry)
  giveBack(entry, entry.text, { cancelled: true })
})

whenConnected(() => new Set(waiting.map((entry) => entry.conversation)).forEach(deliver))
export const hasWaiting = () => waiting.some((entry) => entry.conversation === state.open)

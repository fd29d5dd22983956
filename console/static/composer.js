// Writing: answer or note, what is kept as a draft, what is sent, and what comes back.
import { headers } from './http.js'
import { state, tell } from './live.js'
import { act, toast } from './menus.js'
import { parse, upsert, afterUpsert } from './upsert.js'
import { post, showWaiting, whenRefused } from './outbox.js'
import { goTo, seenSequence } from './thread.js'
import { openTemplates } from './templates.js'

const DRAFT_AFTER = 500
const TYPING_EVERY = 3_000
const LIMIT = 4096
const drafts = new Map()
let saving, quiet, saidTyping = 0

const composer = () => document.querySelector('#pane .composer')
const area = () => composer()?.querySelector('textarea')
const idOf = (box) => Number(box.dataset.conversation)

export function start(pane) {
  const box = pane.querySelector('.composer')
  if (!box) return
  const id = idOf(box)
  const text = box.querySelector('textarea')
  const kept = JSON.parse(sessionStorage.getItem(`draft-${document.body.dataset.agent}-${id}`) ?? 'null')
  if (kept && !text.value) {
    setMode(box, kept.mode)
    text.value = kept.text
  }
  drafts.set(id, { texts: { [box.dataset.mode]: text.value }, saved: Boolean(text.value) })
  fit(text)
  showWaiting(id)
  if (box.dataset.window === 'closed' && box.dataset.mode === 'reply') openTemplates(id)
}

function setMode(box, mode) {
  const text = box.querySelector('textarea')
  const draft = drafts.get(idOf(box))
  if (draft && box.dataset.mode !== mode) {
    draft.texts[box.dataset.mode] = text.value
    text.value = draft.texts[mode] ?? ''
  }
  box.dataset.mode = mode
  for (const button of box.querySelectorAll('.tabs [data-mode]')) button.setAttribute('aria-pressed', button.dataset.mode === mode)
  box.querySelector('[data-send-words]').textContent = mode === 'note' ? 'Guardar nota' : 'Enviar'
  fit(text)
  if (mode === 'reply' && box.dataset.window === 'closed' && draft) openTemplates(idOf(box))
}

export function write(mode) {
  const box = composer()
  if (!box) return
  setMode(box, mode)
  area().focus()
}
document.addEventListener('click', ({ target }) => target.closest('.tabs [data-mode]') && write(target.closest('[data-mode]').dataset.mode))

function fit(text) {
  const box = text.closest('.composer')
  text.readOnly = box.dataset.window === 'closed' && box.dataset.mode === 'reply'
  if (!CSS.supports('field-sizing', 'content')) {
    text.style.height = 'auto'
    text.style.height = `${text.scrollHeight}px`
  }
  const size = text.form.querySelector('[data-size]')
  size.hidden = text.value.length < LIMIT - 500
  size.textContent = `${text.value.length} / ${LIMIT}`
  size.classList.toggle('over', text.value.length >= LIMIT)
  text.form.querySelector('[data-act=discard]').hidden = !text.value
}

document.addEventListener('input', ({ target }) => {
  if (target !== area()) return
  fit(target)
  composer().querySelector('[data-draft-words]').textContent = ''
  typing(true)
  clearTimeout(saving)
  saving = setTimeout(saveDraft, DRAFT_AFTER)
  keepHere()
})

function typing(on) {
  clearTimeout(quiet)
  if (on) quiet = setTimeout(() => typing(false), 6_000)
  if (on ? Date.now() - saidTyping < TYPING_EVERY : !saidTyping) return
  saidTyping = on ? Date.now() : 0
  tell({ t: 'typing', on })
}

function keepHere() {
  const box = composer()
  const name = `draft-${document.body.dataset.agent}-${idOf(box)}`
  if (area().value) sessionStorage.setItem(name, JSON.stringify({ text: area().value, mode: box.dataset.mode }))
  else sessionStorage.removeItem(name)
}

/** Saves what is being written now; also called before leaving the conversation or the page. */
export function saveDraft() {
  clearTimeout(saving)
  saving = null
  const box = composer()
  const draft = box && drafts.get(idOf(box))
  if (!draft) return
  const text = area().value
  if (!text && !draft.saved) return
  draft.saved = Boolean(text)
  const name = `draft-${document.body.dataset.agent}-${idOf(box)}`
  fetch(`/inbox/${idOf(box)}/draft`, { method: 'PUT', headers, keepalive: true, body: new URLSearchParams({ text, mode: box.dataset.mode }) })
    .then(({ ok }) => ok && sessionStorage.removeItem(name), () => {})
}
export const saveDraftIfDue = () => saving && saveDraft()
addEventListener('pagehide', saveDraftIfDue)
document.addEventListener('visibilitychange', () => document.hidden && saveDraftIfDue())
document.addEventListener('focusout', ({ target }) => target === area() && typing(false))

document.addEventListener('keydown', (event) => {
  if (event.target !== area() || event.key !== 'Enter' || event.shiftKey || event.altKey || event.isComposing || event.keyCode === 229) return
  event.preventDefault()
  if (!event.repeat) send()
})
document.addEventListener('submit', (event) => {
  if (!event.target.matches('.composer .write')) return
  event.preventDefault()
  send()
})

/** Takes the text out of the composer at once, so that a second Enter finds nothing to send. */
function send({ force } = {}) {
  const box = composer()
  const text = area()
  const words = text.value.trim()
  const note = box.dataset.mode === 'note'
  if (!words || words.length > LIMIT || (!note && box.dataset.window === 'closed')) return
  const form = note ? {} : { seen_sequence: seenSequence() }
  if (force) form.force = 1
  const citing = box.querySelector('[data-citing]')
  if (!note && !citing.hidden) form.reply_to = citing.dataset.message
  clear(box)
  post({ key: crypto.randomUUID(), conversation: idOf(box), kind: note ? 'note' : 'text', text: words, form })
}

function clear(box) {
  const text = box.querySelector('textarea')
  text.value = ''
  box.querySelector('[data-draft-words]').textContent = ''
  box.querySelector('[data-citing]').hidden = true
  document.getElementById(`notice-${idOf(box)}`).replaceChildren()
  document.getElementById(`notice-${idOf(box)}`).className = ''
  fit(text)
  typing(false)
  clearTimeout(saving)
  keepHere()
  if (drafts.get(idOf(box))?.saved) saveDraft()
}

whenRefused((entry, words, answer) => {
  const box = composer()
  if (!box || idOf(box) !== entry.conversation) {
    drafts.delete(entry.conversation)
    sessionStorage.setItem(`draft-${document.body.dataset.agent}-${entry.conversation}`, JSON.stringify({ text: words, mode: entry.kind === 'note' ? 'note' : 'reply' }))
    return toast(answer.said || 'Un mensaje no se envió; su texto quedó en el borrador de esa conversación.', 'error')
  }
  setMode(box, entry.kind === 'note' ? 'note' : 'reply')
  const text = area()
  text.value = text.value ? `${words}\n${text.value}` : words
  fit(text)
  keepHere()
  saveDraft()
  if (answer.cancelled) return text.focus()
  if (answer.html) parse(answer.html).forEach(upsert)
  else notice(box, answer.said || 'No se pudo enviar. Vuelva a probar.')
  if (answer.refused === 'window_closed') {
    box.dataset.window = 'closed'
    fit(text)
    openTemplates(entry.conversation)
  } else text.focus()
})

function notice(box, words) {
  const [note] = parse(`<div id="notice-${idOf(box)}" class="notice" role="alert"><div><p></p><p class="hint">No se envió nada. Su texto sigue aquí.</p></div></div>`)
  note.querySelector('p').textContent = words
  upsert(note)
}

function closeNotice() {
  const note = document.getElementById(`notice-${state.open}`)
  note.replaceChildren()
  note.className = ''
  note.removeAttribute('role')
}
act('close-notice', closeNotice)
act('send-anyway', () => send({ force: true }))
act('see-theirs', (button) => {
  closeNotice()
  goTo(button.dataset.message)
  area().focus()
})
act('discard', () => {
  area().value = ''
  clear(composer())
  saveDraft()
  area().focus()
})
act('cite', (button) => {
  const entry = button.closest('.entry')
  const citing = composer().querySelector('[data-citing]')
  citing.dataset.message = entry.id.replace('message-', '')
  citing.querySelector('b').textContent = entry.dataset.authorName
  citing.querySelector('span').textContent = (entry.querySelector('.text, .name, .gone')?.textContent ?? 'Mensaje').slice(0, 300)
  citing.hidden = false
  write('reply')
})
act('uncite', () => { composer().querySelector('[data-citing]').hidden = true })
act('copy-text', async (button) => {
  await navigator.clipboard.writeText(button.closest('.msg').querySelector('.text').textContent)
  toast('Texto copiado')
})
document.addEventListener('window-changed', ({ target }) => {
  fit(target.querySelector('textarea'))
  if (target.dataset.window === 'closed' && target.dataset.mode === 'reply') openTemplates(idOf(target))
})

// Presence says who is here; the line above the composer says it in words.
afterUpsert((element) => element.classList.contains('here') && showPresence())
export function showPresence() {
  const line = document.querySelector('#pane [data-typing-line]')
  if (!line) return
  const others = [...document.querySelectorAll('#pane .here li')].filter((one) => one.dataset.agent !== document.body.dataset.agent)
  const writing = others.filter((one) => 'typing' in one.dataset)
  const names = (writing.length ? writing : others).map((one) => one.dataset.name)
  const who = names.length > 2 ? `${names.length} colegas` : names.join(' y ')
  const many = names.length > 1
  line.hidden = !names.length
  line.classList.toggle('writing', writing.length > 0)
  line.textContent = writing.length ? `${who} ${many ? 'están' : 'está'} escribiendo…` : `${who} también la ${many ? 'están' : 'está'} viendo`
}

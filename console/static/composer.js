// Writing: answer or note, what is kept as a draft, what is sent, and what comes back.
import { headers } from './http.js'
import { state, tell } from './live.js'
import { act, toast } from './menus.js'
import { afterUpsert, apply, byId, copyOf, upsert } from './upsert.js'
import { isFromThisTab, post, showWaiting, whenRefused } from './outbox.js'
import { openDeed } from './deeds.js'
import { goTo, seenSequence } from './thread.js'
import { isUploading, showFiles, takeFiles } from './attachments.js'
import { mentionsIn } from './mentions.js'
import { leaveTemplates, openTemplates, scheduleTemplate } from './templates.js'
import { timeOf } from './clock.js'
import { _, listed, ngettext } from './words.js'

const SAVE_AFTER = 500
const SAY_TYPING_EVERY = 3_000
const LONGEST_CAPTION = 1024
const me = document.body.dataset.agent
const box = () => document.querySelector('#pane .composer')
const area = () => box()?.querySelector('textarea')
let drafts, hasDraft, saving, quiet
let saidTyping = 0

export function start() {
  drafts = { [box().dataset.mode === 'note' ? 'reply' : 'note']: box().dataset.otherDraft ?? '' }
  hasDraft = Boolean(area().value)
  const kept = JSON.parse(sessionStorage.getItem(draftName()) ?? 'null')
  // It is let go of once the server has it: what is still here is newer.
  if (kept) {
    setMode(kept.mode)
    area().value = kept.text
  }
  fit()
  showWaiting(state.open)
  if (isClosed()) openTemplates()
}

const draftName = (conversation = state.open) => `draft-${me}-${conversation}`
const isClosed = () => box().dataset.window === 'closed' && box().dataset.mode === 'reply'

/** Each mode keeps its own text: a note never slips out as an answer. */
function setMode(mode) {
  const before = box().dataset.mode
  // What was typed in the mode that is left is saved as that mode's.
  if (mode !== before) saveDraft()
  drafts[before] = area().value
  area().value = mode === before ? area().value : drafts[mode] ?? ''
  box().dataset.mode = mode
  for (const button of box().querySelectorAll('.tabs [data-mode]')) button.setAttribute('aria-pressed', button.dataset.mode === mode)
  box().querySelector('[data-send-words]').textContent = mode === 'note' ? _('Guardar nota') : _('Enviar')
  fit()
  if (isClosed()) openTemplates()
}

export function write(mode) {
  if (!box()) return
  setMode(mode)
  area().focus()
}
act('mode', (button) => write(button.dataset.mode))

/** Puts words into the answer, where the cursor is, as if they had been typed. */
export function insert(words) {
  write('reply')
  const before = area().value.slice(0, area().selectionStart)
  area().setRangeText((/\S$/.test(before) ? ' ' : '') + words, area().selectionStart, area().selectionEnd, 'end')
  changed()
}
/** Puts `words` where the cursor is, in whichever mode. */
export function insertAt(words) {
  area().setRangeText(words, area().selectionStart, area().selectionEnd, 'end')
  changed()
  area().focus()
}
act('tools', (button) => button.setAttribute('aria-expanded', box().classList.toggle('with-extras')))
act('schedule', () => scheduleTemplate() || openDeed(`/inbox/${state.open}/schedule`))
document.addEventListener('deed-shown', ({ target }) => {
  const form = target.querySelector('form[action$="/scheduled-messages"]')
  if (!form) return
  form.elements.client_key.value ||= crypto.randomUUID()
  if (!form.elements.text) return form.elements.until[0].focus()
  if (!form.elements.text.value) form.elements.text.value = area().value
  form.elements.text.focus()
})
// What was scheduled from here stands in the thread now, and no longer here.
afterUpsert((element, isNew) => {
  if (!isNew || !element.matches(`.entry.scheduled[data-author="agent-${me}"]`)) return
  if (area()?.value.trim() !== element.querySelector('.text')?.textContent) return
  area().value = ''
  changed()
})
act('insert-text', (button) => {
  const layer = button.closest('dialog')
  // Whoever closes a layer gets the focus back first.
  layer.addEventListener('close', () => insert(button.dataset.text), { once: true })
  layer.close()
})

function fit() {
  area().readOnly = isClosed()
  box().querySelector('[data-act=discard]').hidden = !area().value
  if (CSS.supports('field-sizing', 'content')) return
  area().style.height = 'auto'
  area().style.height = `${area().scrollHeight}px`
}

document.addEventListener('input', ({ target }) => {
  if (target === area()) changed()
})

function changed() {
  fit()
  box().querySelector('[data-draft-words]').textContent = ''
  sayTyping(Boolean(area().value))
  sessionStorage.setItem(draftName(), JSON.stringify({ text: area().value, mode: box().dataset.mode }))
  clearTimeout(saving)
  saving = setTimeout(saveDraft, SAVE_AFTER)
}

function sayTyping(on) {
  clearTimeout(quiet)
  if (on) quiet = setTimeout(sayTyping, 5_000, false)
  if (on ? Date.now() - saidTyping < SAY_TYPING_EVERY : !saidTyping) return
  saidTyping = on ? Date.now() : 0
  tell({ t: 'typing', on })
}
document.addEventListener('focusout', ({ target }) => target === area() && sayTyping(false))

/** Saves what waits to be saved; called before leaving the conversation or the page, too. */
export function saveDraft() {
  if (!saving) return
  clearTimeout(saving)
  saving = null
  const name = draftName()
  const text = area().value
  if (!text && !hasDraft) return sessionStorage.removeItem(name)
  hasDraft = Boolean(text)
  const body = new URLSearchParams({ text, mode: box().dataset.mode })
  fetch(`/inbox/${state.open}/draft`, { method: 'PUT', headers, body, keepalive: true }).then(({ ok }) => ok && sessionStorage.removeItem(name), () => {})
}
addEventListener('pagehide', saveDraft)
document.addEventListener('visibilitychange', () => document.hidden && saveDraft())

document.addEventListener('keydown', (event) => {
  const { target, key, shiftKey, altKey, isComposing, keyCode, repeat } = event
  // 229 is what Safari says while a composition ends with Enter.
  if (target !== area() || key !== 'Enter' || shiftKey || altKey || isComposing || keyCode === 229) return
  event.preventDefault()
  if (!repeat) send()
})
document.addEventListener('submit', (event) => {
  if (!event.target.matches('.write')) return
  event.preventDefault()
  send()
})

/** Takes the text out of the composer at once, so that a second Enter finds nothing to send. */
function send(extra = {}) {
  const text = area().value.trim()
  const kind = box().dataset.mode === 'note' ? 'note' : 'text'
  if (kind === 'text' && isUploading()) return tellWhy(_('Un archivo todavía está subiendo. Envíe cuando termine.'))
  const files = kind === 'text' && !isClosed() ? takeFiles() : []
  if ((!text && !files.length) || isClosed()) return
  const citing = box().querySelector('[data-citing]')
  const form = kind === 'note' ? mentionsIn(text) : { seen_sequence: seenSequence(), ...extra }
  if (kind === 'text' && !citing.hidden) form.reply_to = citing.dataset.message
  area().value = ''
  citing.hidden = true
  closeNotice()
  changed()
  // The server forgets the draft of what it takes.
  clearTimeout(saving)
  saving = hasDraft = null
  sessionStorage.removeItem(draftName())
  const entries = kind === 'text' && files.length ? withFiles(files, text) : [{ kind, text }]
  for (const entry of entries) {
    post({ ...entry, key: crypto.randomUUID(), conversation: state.open, form: { ...form, ...entry.form } })
    // What follows belongs to the same breath: only the first quotes, and only it asks what colleagues wrote.
    delete form.reply_to
    delete form.seen_sequence
  }
}

/** The words go with the first file that can carry them, else after the files. */
function withFiles(files, text) {
  const first = text.length <= LONGEST_CAPTION ? files.findIndex(({ kind }) => kind !== 'audio' && kind !== 'sticker') : -1
  const entries = files.map(({ id, name }, place) => ({ kind: 'file', text: place === first ? text : '', name, form: { attachment: id } }))
  return text && first < 0 ? [...entries, { kind: 'text', text }] : entries
}

/** A recording goes out by itself; what is being written stays. */
export function sendRecording({ id, name }, conversation) {
  post({ kind: 'file', text: '', name, key: crypto.randomUUID(), conversation, form: { attachment: id } })
}

whenRefused((entry, words, came) => {
  const mode = entry.kind === 'note' ? 'note' : 'reply'
  if (mode === 'reply' && state.open === entry.conversation) showFiles(entry.conversation)
  if (state.open !== entry.conversation || !box()) {
    sessionStorage.setItem(draftName(entry.conversation), JSON.stringify({ text: words, mode }))
    return toast(_('Un mensaje no se envió. Su texto quedó en el borrador de esa conversación.'), 'error')
  }
  setMode(mode)
  area().value = [words, area().value].filter(Boolean).join('\n')
  changed()
  area().focus()
  if (came?.html) apply(came.html)
  else if (came) tellWhy(came.said || _('No se pudo enviar. Vuelva a probar.'))
  if (came?.refused !== 'window_closed') return
  // The server knows: an hour that the header still promises would open it again with the next second.
  delete document.querySelector('#pane .head').dataset.windowCloses
  box().dataset.window = 'closed'
  windowChanged()
})

export function tellWhy(words) {
  const note = copyOf('notice')
  note.id = `notice-${state.open}`
  note.querySelector('p').textContent = words
  upsert(note)
}

function closeNotice() {
  const empty = document.createElement('div')
  empty.id = `notice-${state.open}`
  byId(empty.id).replaceWith(empty)
}
act('close-notice', closeNotice)
act('send-anyway', () => send({ force: 1 }))
act('see-theirs', (button) => {
  closeNotice()
  goTo(button.dataset.message)
  area().focus()
})
act('discard', () => {
  area().value = ''
  changed()
  area().focus()
})
act('cite', (button) => {
  const entry = button.closest('.entry')
  const citing = box().querySelector('[data-citing]')
  citing.dataset.message = entry.id.replace('message-', '')
  citing.querySelector('b').textContent = entry.dataset.authorName
  citing.querySelector('span').textContent = (entry.querySelector('.text, .name, .gone')?.textContent ?? _('Mensaje')).slice(0, 300)
  write('reply')
  citing.hidden = false
})
act('uncite', () => { box().querySelector('[data-citing]').hidden = true })

function windowChanged() {
  fit()
  if (box().dataset.window === 'open') return leaveTemplates()
  const closed = Date.parse(document.querySelector('#pane .head').dataset.windowCloses)
  if (closed) box().querySelector('[data-closed-words]').textContent = _('La ventana se cerró a las {when}.', { when: timeOf(closed) })
  if (isClosed()) openTemplates()
}
document.addEventListener('window-changed', windowChanged)

// Sent from another tab of one's own: the same words still standing here are not a second message.
afterUpsert((element, isNew) => {
  if (!isNew || element.dataset.author !== `agent-${me}` || !element.dataset.clientKey || isFromThisTab(element.dataset.clientKey)) return
  if (!area()?.value || area().value.trim() !== element.querySelector('.text')?.textContent) return
  area().value = ''
  changed()
})

/** Presence says who is here; the line above the composer says it in words. */
export function showPresence() {
  const line = document.querySelector('#pane .typing')
  const others = [...document.querySelectorAll('#pane .here li')].filter((one) => one.dataset.agent !== me)
  const writing = others.filter((one) => 'typing' in one.dataset)
  const names = (writing.length ? writing : others).map((one) => one.dataset.name)
  line.hidden = !names.length
  line.classList.toggle('writing', writing.length > 0)
  line.textContent = !names.length ? '' : writing.length
    ? ngettext('{who} está escribiendo…', '{who} están escribiendo…', names.length, { who: listed(names) })
    : ngettext('{who} también la está viendo', '{who} también la están viendo', names.length, { who: listed(names) })
}
afterUpsert((element) => element.matches('.here') && showPresence())

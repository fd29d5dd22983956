// The phone of the chosen debtor: the chat, and what can be done to a message.
import { all, ask, dayName, element, find, icon, piece } from './dom.js'
import { get, post, call, toast } from './api.js'
import { here, now, on, persona, state, tell } from './state.js'
import { bubble, snippet, visible } from './bubbles.js'
import { startComposer, answer, edit } from './composer.js'

const log = find('#log')
const EMOJIS = ['👍', '🙏', '😊', '😢', '😡', '❤️', '😂', '😮', '👏', '💪', '🎉', '👌']

export function startPhone() {
  startComposer()
  on('chosen', load)
  on('message', ({ persona: whose, message }) => {
    if (whose !== state.chosen) return
    state.messages.set(message.id, message)
    if (message.kind !== 'reaction') place(message)
  })
  on('typing', ({ persona: whose, seconds }) => {
    if (whose !== state.chosen) return
    state.typingUntil = performance.now() + seconds * 1000
    drawTyping()
  })
  on('persona', (one) => { if (one.id === state.chosen) drawPerson() })
  log.addEventListener('click', clicked)
  log.addEventListener('scroll', () => { log.dataset.atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60 })
  new ResizeObserver(() => { if (log.dataset.atEnd !== 'false') toEnd() }).observe(log)
  document.addEventListener('keydown', ({ key }) => { if (key === 'Escape') closeMenu() })
  document.addEventListener('visibilitychange', look)
  find('#online').addEventListener('click', () => post(here(persona().online ? '/offline' : '/online')))
  find('#block').addEventListener('click', () => post(here(persona().blocks_business ? '/unblock' : '/block')))
  find('#change-number').addEventListener('click', changeNumber)
  find('.more .menu').addEventListener('click', ({ target }) => more(target.closest('[data-more]')?.dataset.more))
  setInterval(drawTyping, 1000)
}

async function load(id) {
  const { messages, persona: one, typing_seconds: typing } = await get(`/threads/${encodeURIComponent(id)}`)
  if (id !== state.chosen) return
  state.messages = new Map(messages.map((message) => [message.id, message]))
  state.personas.set(one.id, one)
  state.typingUntil = performance.now() + typing * 1000
  draw()
  drawPerson()
  look()
}

// Tell the simulator which chat is being looked at: what arrives there is read.
let lookedAt = null
export async function look() {
  if (!state.viewer) return
  const wanted = document.hidden ? null : state.chosen
  if (lookedAt && lookedAt !== wanted) {
    await post(`/personas/${encodeURIComponent(lookedAt)}/chat`, { open: false, viewer: state.viewer }).catch(() => null)
  }
  lookedAt = wanted
  if (wanted) await post(`/personas/${encodeURIComponent(wanted)}/chat`, { open: true, viewer: state.viewer }).catch(() => null)
}

function draw() {
  const shown = [...state.messages.values()].filter(visible).sort((one, other) => one.at - other.at)
  const parts = []
  let day = null
  for (const message of shown) {
    const name = dayName(message.at, now())
    if (name !== day) parts.push(element('div', { class: 'day', text: name }))
    day = name
    parts.push(bubble(message))
  }
  if (!parts.length) parts.push(element('p', { class: 'event', text: `Todavía no hay mensajes. Escriba algo como ${persona()?.name ?? 'esta persona'}.` }))
  log.replaceChildren(...parts)
  drawNotice()
  toEnd()
}

function place(message) {
  const old = document.getElementById(`m-${message.id}`)
  if (old && visible(message)) {
    const held = old.classList.contains('held')
    const made = bubble(message)
    made.classList.toggle('held', held)
    old.replaceWith(made)
    return
  }
  const atEnd = log.dataset.atEnd !== 'false' || message.mine
  const scrolled = log.scrollTop
  draw()
  if (!atEnd) log.scrollTop = scrolled
}

function drawNotice() {
  find('.event.notice', log)?.remove()
  const one = persona()
  if (!one) return
  const words = !one.on_whatsapp ? 'Ya no usa WhatsApp: nada llega a este teléfono.'
    : one.blocks_business ? 'Bloqueó a la empresa: nada llega a este teléfono.'
      : !one.online && one.undelivered ? `${one.undelivered} ${one.undelivered === 1 ? 'mensaje llegará' : 'mensajes llegarán'} cuando vuelva la conexión.` : ''
  if (words) log.append(element('p', { class: 'event notice', text: words }))
}

function toEnd() {
  log.scrollTop = log.scrollHeight
  log.dataset.atEnd = true
}

function drawPerson() {
  const one = persona()
  find('#phone').setAttribute('aria-label', `Teléfono de ${one.name}`)
  find('#being').replaceChildren('Usted es ', element('b', { text: one.name }), one.phone && one.phone !== one.name ? `, ${one.phone}` : '')
  find('#online').setAttribute('aria-checked', one.online)
  find('#online-label').textContent = one.online ? 'En línea' : 'Sin conexión'
  find('#block').setAttribute('aria-pressed', one.blocks_business)
  find('#block span').textContent = one.blocks_business ? 'Desbloquear' : 'Bloquear'
  find('#change-number').disabled = !one.wa_id
  find('[data-more=remove]').hidden = !one.invented
  find('[data-more=leave]').textContent = one.on_whatsapp ? 'Desinstalar WhatsApp' : 'Volver a instalar WhatsApp'
  drawNotice()
}

function drawTyping() {
  const writing = performance.now() < state.typingUntil
  find('#business-state').textContent = writing ? 'cuenta de empresa, escribiendo…' : 'cuenta de empresa'
}

function clicked({ target }) {
  const own = target.closest('.msg')
  const tapped = target.closest('[data-tap]')
  if (tapped) return post(here('/tap'), { message_id: own.dataset.id, index: Number(tapped.dataset.tap) })
  if (!own || target.closest('a, .play') || String(getSelection()).length > 0) return closeMenu()
  const again = own.classList.contains('held')
  closeMenu()
  if (!again && !own.classList.contains('gone')) openMenu(own)
}

function openMenu(own) {
  const message = state.messages.get(own.dataset.id)
  const menu = piece('menu')
  own.classList.add('held')
  menu.classList.toggle('left', !message.mine)
  find('.rx', menu).append(...reactions(message, EMOJIS.slice(0, 5)), element('button', { 'data-more-emojis': true, 'aria-label': 'Más reacciones' }, icon('plus')))
  find('[data-do=edit]', menu).hidden = !message.mine || message.kind !== 'text'
  find('[data-do=delete]', menu).hidden = !message.mine
  find('[data-do=copy]', menu).hidden = !message.text
  menu.addEventListener('click', (event) => {
    event.stopPropagation()
    act(message, event.target.closest('button'))
  })
  own.after(menu)
  menu.scrollIntoView({ block: 'nearest' })
  find('button', menu).focus({ preventScroll: true })
}

function reactions(message, emojis) {
  return emojis.map((emoji) => element('button', { text: emoji, 'data-emoji': emoji, 'aria-pressed': message.reactions.debtor === emoji }))
}

async function act(message, button) {
  if (!button) return
  if (button.dataset.moreEmojis !== undefined) {
    return button.replaceWith(...reactions(message, EMOJIS.slice(5)))
  }
  closeMenu()
  if (button.dataset.emoji) {
    const emoji = message.reactions.debtor === button.dataset.emoji ? '' : button.dataset.emoji
    return post(here('/react'), { message_id: message.id, emoji })
  }
  switch (button.dataset.do) {
    case 'reply': return answer(message, snippet(message))
    case 'edit': return edit(message)
    case 'delete': return post(here('/delete'), { message_id: message.id })
    case 'copy':
      await navigator.clipboard?.writeText(message.text).catch(() => null)
      return toast('Texto copiado.')
  }
}

function closeMenu() {
  all('.held-menu', log).forEach((menu) => menu.remove())
  all('.held', log).forEach((held) => held.classList.remove('held'))
}

async function changeNumber() {
  const filled = await ask({
    title: 'Cambiar de número',
    text: 'WhatsApp avisa a la empresa del número nuevo. Puede ser otra persona: la consola no debería darlo por hecho.',
    yes: 'Cambiar',
    fields: [{ name: 'wa_id', label: 'Número nuevo, con país', placeholder: 'Se inventa uno' }],
  })
  if (!filled) return
  const one = await post(here('/number'), { wa_id: filled.wa_id.replace(/\D/g, '') || null })
  toast(`Ahora es ${one.phone}.`)
}

async function more(what) {
  switch (what) {
    case 'late': return post(here('/messages'), { text: 'Esto lo escribí hace dos horas y recién sale', at: now() - 7200 })
    case 'forwarded': return post(here('/messages'), { text: 'Miren, me llegó esto: “Su deuda fue vendida, pague aquí”', forwarded: 1 })
    case 'poll': return post(here('/messages'), { type: 'unsupported', content: { errors: [{ code: 131051, title: 'Message type unknown', message: 'Message type unknown', error_data: { details: 'Message type is currently not supported.' } }], unsupported: { type: 'poll' } } })
    case 'stop':
    case 'resume': return post(here('/preferences'), { value: what }).then(() => toast(what === 'stop' ? 'Ya no recibe promociones.' : 'Vuelve a recibir promociones.'))
    case 'leave': return call('PATCH', here(), { on_whatsapp: !persona().on_whatsapp })
    case 'remove':
      await call('DELETE', here())
      state.chosen = null
      return tell('resync')
  }
}

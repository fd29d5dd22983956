// One message as the debtor sees it.
import { element, find, hour, icon, piece } from './dom.js'
import { post } from './api.js'
import { here, state } from './state.js'
import { voice } from './voice.js'

const HIDDEN = new Set(['reaction', 'edit', 'revoke', 'unsupported', 'system'])
const TICKS = {
  waiting: ['en espera', 'clock'],
  sent: ['enviado', 'check'],
  delivered: ['entregado', 'checks'],
  read: ['leído', 'checks', 'read'],
}
const MARKS = { '*': 'strong', _: 'em', '~': 's', '`': 'code' }
const media = (id) => `/simulator/api/media/${encodeURIComponent(id)}`

// Whether there is anything to see: of the business, only what has arrived.
export function visible(message) {
  if (HIDDEN.has(message.kind)) return false
  return message.mine || message.status === 'delivered' || message.status === 'read'
}

export function bubble(message) {
  const made = piece('bubble')
  made.id = `m-${message.id}`
  made.dataset.id = message.id
  made.classList.toggle('out', message.mine)
  made.classList.toggle('gone', message.deleted)
  made.classList.toggle('bare', message.kind === 'sticker' && !message.deleted)
  const body = find('.body', made)
  if (message.deleted) {
    body.append(icon('ban'), ` ${message.mine ? 'Eliminó este mensaje' : 'Se eliminó este mensaje'}`)
  } else {
    body.append(...content(message))
  }
  foot(find('footer', made), message)
  if (!message.deleted) made.append(...buttons(message))
  const reactions = Object.values(message.reactions)
  if (reactions.length && !message.deleted) {
    made.classList.add('reacted')
    made.append(element('span', { class: 'reactions', text: reactions.join(' ') }))
  }
  return made
}

function content(message) {
  const parts = [forwarded(message), quote(message)]
  const inner = message.kind === 'template' ? message.content.header_media : null
  const kind = inner?.kind ?? message.kind
  const member = inner ?? (message.mine ? message.content[kind] : message.content) ?? {}
  if (message.heading) parts.push(element('div', { class: 'heading', text: message.heading }))
  parts.push(...attachment(kind, member, message))
  const hasText = message.text && !['location', 'contacts'].includes(message.kind)
  if (hasText) parts.push(element('div', { class: 'txt' }, ...formatted(message.text)))
  if (message.footer) parts.push(element('div', { class: 'foot', text: message.footer }))
  if (!hasText && parts.every((part) => !part)) parts.push(element('em', { text: `Mensaje de tipo ${message.kind}` }))
  return parts.filter(Boolean)
}

function attachment(kind, member, message) {
  const source = message.media_id ? media(message.media_id) : null
  switch (kind) {
    case 'image':
    case 'sticker':
      return [source ? element('img', { src: source, alt: kind === 'sticker' ? 'Sticker' : 'Foto', loading: 'lazy' }) : card('image', 'Foto por enlace', member.link, member.link)]
    case 'audio':
      return [source ? voice(source, () => heard(message)) : card('mic', 'Audio por enlace', member.link, member.link)]
    case 'video':
      return [card('play', 'Video', source ? 'abrir' : member.link, source ?? member.link)]
    case 'document':
      return [card('file', member.filename ?? 'Documento', source ? 'documento, abrir' : member.link, source ?? member.link)]
    case 'location':
      return [card('pin', member.name ?? 'Ubicación', member.address ?? `${member.latitude}, ${member.longitude}`)]
    case 'contacts':
      return contactCards(message)
    default:
      return []
  }
}

// The business is told, once, that its voice note was listened to.
function heard(message) {
  if (!message.mine && !message.played) post(here('/listen'), { message_id: message.id }).catch(() => null)
}

function contactCards(message) {
  const people = message.content.contacts ?? []
  return people.map((person) => card('user', person.name?.formatted_name ?? 'Contacto', person.phones?.[0]?.phone ?? ''))
}

function card(sign, title, detail, href) {
  const made = piece('card')
  find('use', made).setAttribute('href', `#i-${sign}`)
  find('b', made).textContent = title
  find('small', made).textContent = detail ?? ''
  if (href) made.href = href
  return made
}

function forwarded(message) {
  const context = message.content.context
  if (!message.mine || !(context?.forwarded || context?.frequently_forwarded)) return null
  return element('div', { class: 'fwd' }, icon('reply'), context.forwarded ? 'Reenviado' : 'Reenviado muchas veces')
}

function quote(message) {
  if (!message.reply_to) return null
  const target = state.messages.get(message.reply_to)
  if (!target) return null
  const author = target.mine ? 'Usted' : state.business
  return element('div', { class: 'quote' }, element('b', { text: author }), element('span', { text: snippet(target) }))
}

export function snippet(message) {
  if (message.deleted) return 'Mensaje eliminado'
  const names = { image: 'Foto', audio: 'Audio', video: 'Video', document: 'Documento', sticker: 'Sticker', location: 'Ubicación', contacts: 'Contacto' }
  return message.text || names[message.kind] || 'Mensaje'
}

function foot(place, message) {
  const words = [hour(message.at)]
  if (message.edited && !message.deleted) words.unshift('editado')
  if (!message.mine) return place.replaceChildren(words.join(' · '))
  const [name, sign, kind] = TICKS[message.status] ?? TICKS.sent
  place.replaceChildren(`${words.join(' · ')} · ${name} `, icon(sign, kind))
}

function buttons(message) {
  const signs = { quick_reply: 'reply', reply: 'reply', row: 'list', url: 'link', phone: 'device', location: 'pin', contact: 'user' }
  return message.buttons.map((button, index) => {
    const label = element('span', { text: button.title }, button.description ? element('small', { text: button.description }) : null)
    if (button.kind === 'url' && /^https?:/.test(button.id)) {
      return element('a', { class: 'tb', href: button.id, target: '_blank', rel: 'noreferrer' }, icon('link'), label)
    }
    return element('button', { class: 'tb', 'data-tap': index, disabled: button.used && button.kind === 'quick_reply' }, icon(signs[button.kind]), label)
  })
}

// WhatsApp's marks (*bold*, _italic_, ~struck~, ```code```) and links, as elements.
function formatted(text) {
  const parts = text.split(/(```[^`]+```|\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~|https?:\/\/[^\s<>"]+)/g)
  return parts.filter(Boolean).map((part) => {
    if (/^https?:\/\//.test(part)) {
      return element('a', { class: 'link', href: part, target: '_blank', rel: 'noreferrer', text: part })
    }
    if (/^```[^`]+```$/.test(part)) return element('code', { text: part.slice(3, -3) })
    const mark = part.length > 2 && part[0] === part.at(-1) && MARKS[part[0]]
    return mark ? element(mark, { text: part.slice(1, -1) }) : part
  })
}

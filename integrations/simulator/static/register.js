// The live register: what left, what came, what was answered; and each line opened.
import { all, count, element, find, instant, piece, sized } from './dom.js'
import { call, get, post, toast } from './api.js'
import { on } from './state.js'
import { indented } from './raw_json.js'

const place = find('#lines')
const KEPT = 300
const SIGNS = { good: 'check', wait: 'hour', warn: 'warn', bad: 'warn' }
let filter = 'all'
let paused = false
let held = []
let opened = null

export function startRegister() {
  on('lines', ({ lines, counters }) => {
    drawCounters(counters)
    if (paused) {
      held = [...held, ...lines].slice(-KEPT)
      find('#pause span').textContent = `Seguir · ${count.format(new Set(held.map((line) => line.id)).size)}`
    } else {
      lines.forEach(put)
    }
  })
  for (const tab of all('[data-filter]')) tab.addEventListener('click', () => choose(tab))
  find('#pause').addEventListener('click', pause)
  place.addEventListener('click', ({ target }) => {
    const button = target.closest('.rep .btn')
    if (button) return act(button)
    const line = target.closest('.ln:not(.h)')
    if (line) toggle(line)
  })
  find('#counters').addEventListener('click', async ({ target }) => {
    if (!target.closest('button')) return
    const { given_up: lost } = await call('DELETE', '/webhooks/pending')
    toast(`Ya no se repiten ${count.format(lost)} webhooks.`)
  })
}

export async function loadRegister() {
  const { lines, counters } = await get(`/journal?limit=${KEPT}`)
  all('.ln:not(.h), .det', place).forEach((old) => old.remove())
  opened = null
  lines.reverse().forEach(put)
  find('#lines-none').hidden = lines.length > 0
  drawCounters(counters)
}

function put(line) {
  find('#lines-none').hidden = true
  const made = drawn(line)
  const old = document.getElementById(made.id)
  if (old) {
    made.setAttribute('aria-expanded', old.getAttribute('aria-expanded'))
    old.replaceWith(made)
    if (opened === line.id) show(line.id)
    return
  }
  const newer = [...place.children].find((other) => other.dataset.id && Number(other.dataset.id) < line.id)
  if (newer) newer.before(made)
  else place.append(made)
  const lines = all('.ln:not(.h)', place)
  for (const surplus of lines.slice(KEPT)) {
    if (surplus.nextElementSibling?.matches('.det')) surplus.nextElementSibling.remove()
    surplus.remove()
  }
}

function drawn(line) {
  const made = piece('line')
  made.id = `line-${line.id}`
  made.dataset.id = line.id
  made.classList.add(line.way, line.tone)
  made.hidden = !fits(line)
  made.dataset.bad = line.tone === 'bad' || line.tone === 'warn'
  find('.at', made).textContent = instant(line.at)
  find('.k span', made).textContent = line.way === 'webhook' ? 'webhook' : 'llamada'
  find('.what', made).textContent = line.what
  find('.what', made).title = line.what
  find('.rs use', made).setAttribute('href', `#i-${line.icon || SIGNS[line.tone]}`)
  find('.rs span', made).textContent = said(line)
  find('.rs', made).title = said(line)
  find('.ms', made).textContent = took(line)
  return made
}

function said(line) {
  if (line.tone === 'wait') return line.attempt > 1 ? `intento ${line.attempt}` : line.delayed ? 'demorado' : 'saliendo'
  const parts = [line.status, line.note].filter(Boolean)
  if (line.way === 'webhook' && line.attempt > 1) parts.push(`intento ${line.attempt}`)
  return parts.join(', ')
}

function took(line) {
  if (line.milliseconds === null) return ''
  return line.milliseconds < 9999 ? `${Math.max(1, Math.round(line.milliseconds))} ms` : `${Math.round(line.milliseconds / 1000)} s`
}

function fits({ way, tone }) {
  return filter === 'all' || filter === way || (filter === 'bad' && (tone === 'bad' || tone === 'warn'))
}

function choose(tab) {
  filter = tab.dataset.filter
  for (const other of all('[data-filter]')) other.setAttribute('aria-selected', other === tab)
  close()
  for (const line of all('.ln:not(.h)', place)) {
    line.hidden = !(filter === 'all' || line.classList.contains(filter) || (filter === 'bad' && line.dataset.bad === 'true'))
  }
}

function pause() {
  paused = !paused
  find('#pause span').textContent = paused ? 'Seguir' : 'Pausar'
  find('#pause use').setAttribute('href', paused ? '#i-play' : '#i-pause')
  if (!paused) {
    held.forEach(put)
    held = []
  }
}

function toggle(line) {
  const again = line.getAttribute('aria-expanded') === 'true'
  close()
  if (again) return
  line.setAttribute('aria-expanded', 'true')
  opened = Number(line.dataset.id)
  show(opened)
}

function close() {
  opened = null
  all('.det', place).forEach((detail) => detail.remove())
  all('[aria-expanded=true]', place).forEach((line) => line.setAttribute('aria-expanded', 'false'))
}

async function show(id) {
  const line = await get(`/journal/${id}`).catch(() => null)
  if (!line || opened !== id) return
  all('.det', place).forEach((detail) => detail.remove())
  const made = piece('detail')
  made.dataset.line = id
  const facts = [
    ...(line.way === 'webhook' && line.method === 'POST' ? [['firma', line.signature ? (line.icon === 'shield' || line.note.includes('falsa') ? 'alterada' : 'válida') : 'sin firma']] : []),
    ...(line.attempt ? [['intento', count.format(line.attempt)]] : []),
    ...(line.delayed ? [['demorado', `${count.format(line.delayed * 1000)} ms`]] : []),
    ...(line.size ? [['tamaño', sized(line.size)]] : []),
    ['ruta', line.address.replace(/^https?:\/\/[^/]+/, '')],
  ]
  for (const [name, value] of facts) {
    find('.kv', made).append(element('dt', { text: name }), element('dd', { class: value === 'válida' ? 'valid num' : 'num', text: value }))
  }
  const acts = piece('acts')
  find('[data-do=resend]', acts).hidden = line.way !== 'webhook' || !line.size
  find('.kv', made).append(acts)
  made.dataset.curl = line.curl
  const text = find('pre', made)
  if (line.signature) text.append('X-Hub-Signature-256: sha256=', element('s', { text: `${line.signature.slice(7, 17)}…${line.signature.slice(-4)}` }), '\n')
  text.append(...indented(line.body))
  if (line.body_is_cut) text.append('\n…')
  if (line.answer) text.append('\n\n', element('s', { text: line.answer.slice(0, 2000) }))
  document.getElementById(`line-${id}`)?.after(made)
}

async function act(button) {
  const detail = button.closest('.det')
  if (button.dataset.do === 'resend') {
    await post(`/journal/${detail.dataset.line}/resend`)
    return toast('Se volvió a enviar, byte por byte.')
  }
  await navigator.clipboard.writeText(detail.dataset.curl).then(() => toast('La orden curl está en el portapapeles.'), () => toast('El navegador no deja copiar.'))
}

function drawCounters({ webhooks, pending, p99_milliseconds: p99 }) {
  const number = (value) => element('b', { text: count.format(value) })
  const parts = [number(webhooks), ' webhooks · ', number(pending), ' pendientes']
  if (p99 !== null) parts.push(' · p99 ', element('b', { text: `${count.format(Math.round(p99))} ms` }))
  if (pending > 20) parts.push(' · ', element('button', { class: 'lnk', text: 'dejar de repetir' }))
  find('#counters').replaceChildren(...parts)
}

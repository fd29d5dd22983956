// The list of debtors: search, choose, invent, and a rush of fifty.
import { ask, count, element, find, icon, piece } from './dom.js'
import { post, toast } from './api.js'
import { on, state, tell } from './state.js'

const list = find('#people-list')
const search = find('#people-search')
const plain = (words) => words.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

export function startPeople() {
  search.addEventListener('input', sift)
  list.addEventListener('click', ({ target }) => choose(target.closest('.one')?.dataset.persona))
  list.addEventListener('keydown', move)
  find('#new-persona').addEventListener('click', invent)
  find('#crowd').addEventListener('click', async () => {
    const { personas } = await post('/crowd', { count: 50, seconds: 4 })
    toast(`${personas.length} personas están escribiendo.`)
  })
  on('personas', draw)
  on('persona', (one) => {
    const old = row(one.id)
    if (!old) return draw()
    old.replaceWith(drawn(one))
    sift()
  })
}

export function choose(id) {
  if (!id || !state.personas.has(id)) return
  state.chosen = id
  for (const one of list.children) select(one)
  tell('chosen', id)
}

function draw() {
  list.replaceChildren(...[...state.personas.values()].map(drawn))
  find('#people-count').textContent = `${count.format(state.personas.size)} ${state.personas.size === 1 ? 'deudor' : 'deudores'}`
  sift()
}

function drawn(one) {
  const made = piece('person')
  made.dataset.persona = one.id
  made.id = `persona-${one.id}`
  find('.initials', made).textContent = one.initials
  find('b', made).textContent = one.name
  find('p', made).textContent = situation(one)
  const corner = find('.cc', made)
  corner.textContent = one.country
  const news = one.unread && one.id !== state.chosen
  made.classList.toggle('news', Boolean(news))
  if (news) corner.prepend(element('span', { class: 'badge num', text: one.unread, title: 'Sin leer' }))
  drawState(find('.state', made), one)
  select(made)
  return made
}

function drawState(dot, one) {
  if (one.blocks_business) {
    dot.classList.add('blk')
    dot.append(icon('ban'))
    dot.title = 'Bloqueó a la empresa'
  } else if (!one.online || !one.on_whatsapp) {
    dot.classList.add('off')
    dot.title = one.on_whatsapp ? 'Sin conexión' : 'Sin WhatsApp'
  } else {
    dot.title = 'En línea'
  }
}

function situation(one) {
  if (!one.on_whatsapp) return 'Ya no usa WhatsApp'
  if (one.blocks_business) return 'Bloqueó a la empresa'
  if (one.online) return one.situation.startsWith('Sin conexión') ? 'De nuevo en línea' : one.situation
  if (one.unsent) return `Sin conexión, ${one.unsent} por salir`
  return one.undelivered ? `Sin conexión, ${one.undelivered} por entregar` : 'Sin conexión'
}

function select(one) {
  const chosen = one.dataset.persona === state.chosen
  one.setAttribute('aria-selected', chosen)
  one.tabIndex = chosen ? 0 : -1
}

function sift() {
  const words = plain(search.value.trim())
  let shown = 0
  for (const one of list.children) {
    const person = state.personas.get(one.dataset.persona)
    const text = plain([person.name, person.country, person.situation, person.phone ?? '', person.wa_id ?? ''].join(' '))
    one.hidden = Boolean(words) && !text.includes(words)
    shown += !one.hidden
  }
  find('#people-none').hidden = shown > 0
}

function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step) return
  event.preventDefault()
  const shown = [...list.children].filter((one) => !one.hidden)
  const next = shown[shown.findIndex((one) => one.dataset.persona === state.chosen) + step]
  if (!next) return
  choose(next.dataset.persona)
  row(state.chosen).focus()
}

async function invent() {
  const filled = await ask({
    title: 'Persona nueva',
    text: 'Se inventa alguien con su número. Se va al reiniciar los datos.',
    yes: 'Crear',
    fields: [
      { name: 'name', label: 'Nombre', placeholder: 'Se inventa uno' },
      { name: 'country', label: 'País', options: [['PE', 'Perú'], ['MX', 'México'], ['CO', 'Colombia'], ['CL', 'Chile'], ['AR', 'Argentina']] },
    ],
  })
  if (!filled) return
  const made = await post('/personas', { name: filled.name || null, country: filled.country })
  state.personas.set(made.id, made)
  draw()
  choose(made.id)
  row(made.id).scrollIntoView({ block: 'nearest' })
}

const row = (id) => document.getElementById(`persona-${id}`)

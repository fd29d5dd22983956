// The simulator's page: loads everything once, and from then on listens.
import { all, ask, find, fullTime, tendMenus } from './dom.js'
import { call, get, post, toast } from './api.js'
import { now, on, setClock, state, tell } from './state.js'
import { choose, startPeople } from './people.js'
import { look, startPhone } from './phone.js'
import { drawFaults, startFaults } from './faults.js'
import { loadRegister, startRegister } from './register.js'

tendMenus()
startPeople()
startPhone()
startFaults()
startRegister()
startBar()
startRooms()
listen()

async function loadAll() {
  const [facts, { personas }] = await Promise.all([get('/state'), get('/personas')])
  state.business = facts.business_name
  state.personas = new Map(personas.map((one) => [one.id, one]))
  find('#business-initials').textContent = facts.business_name.split(/\s+/).map((word) => word[0]).join('').slice(0, 2).toUpperCase()
  find('#pause-webhooks').setAttribute('aria-checked', facts.paused)
  setClock(facts.clock)
  drawFaults(facts.faults)
  tell('personas')
  const wanted = state.chosen ?? decodeURIComponent(location.hash.slice(1))
  choose(state.personas.has(wanted) ? wanted : personas[0]?.id)
  await loadRegister()
}

function listen() {
  const stream = new EventSource('/simulator/live')
  stream.addEventListener('hello', ({ data }) => {
    state.viewer = JSON.parse(data).viewer
    find('#lost').hidden = true
    loadAll().then(look).catch(() => null)
  })
  stream.addEventListener('resync', () => loadAll().catch(() => null))
  stream.addEventListener('persona', ({ data }) => {
    const one = JSON.parse(data)
    state.personas.set(one.id, one)
    tell('persona', one)
  })
  for (const event of ['message', 'typing', 'lines']) {
    stream.addEventListener(event, ({ data }) => tell(event, JSON.parse(data)))
  }
  stream.addEventListener('faults', ({ data }) => drawFaults(JSON.parse(data)))
  stream.addEventListener('clock', ({ data }) => setClock(JSON.parse(data)))
  stream.onerror = () => {
    find('#lost').hidden = false
    // A server that answered with an error is not asked again by the browser itself.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => { stream.close(); listen() }, 1500)
  }
}

function startBar() {
  setInterval(drawClock, 250)
  on('clock', drawClock)
  on('resync', () => loadAll())
  on('chosen', (id) => history.replaceState(null, '', `#${encodeURIComponent(id)}`))
  find('.speed .menu').addEventListener('click', async ({ target }) => {
    const { speed, advance, clockReset } = target.closest('button')?.dataset ?? {}
    if (speed) setClock(await call('PUT', '/clock', { speed: Number(speed) }))
    if (advance) setClock(await call('PUT', '/clock', { advance_seconds: Number(advance) }))
    if (clockReset !== undefined) setClock(await call('PUT', '/clock', { reset: true }))
  })
  for (const button of all('[data-reset]')) button.addEventListener('click', async () => {
    const sure = await ask({
      title: '¿Reiniciar los datos del simulador?',
      text: 'Se borran los chats, el registro y las fallas de aquí. La consola conserva lo suyo.',
      yes: 'Reiniciar',
      danger: true,
    })
    if (!sure) return
    await post('/reset')
    toast('Todo empieza de nuevo.')
  })
}

function drawClock() {
  find('#clock').textContent = fullTime(now())
  find('#speed').textContent = `${state.clock.speed}×`
}

// On a small screen, one part at a time.
function startRooms() {
  const rooms = all('.rooms button')
  const show = (room) => {
    document.body.dataset.room = room
    for (const button of rooms) {
      if (button.dataset.room === room) button.setAttribute('aria-current', 'true')
      else button.removeAttribute('aria-current')
    }
  }
  for (const button of rooms) button.addEventListener('click', () => show(button.dataset.room))
  find('#people-list').addEventListener('click', ({ target }) => { if (target.closest('.one')) show('phone') })
}

// The floor: what happens comes in as fragments; watching, whispering and stepping in.
import './personal.js'
import { ask } from './http.js'
import { connect, state, tell, whenConnected, whenReloaded } from './live.js'
import { act, toast } from './menus.js'
import { afterUpsert, apply, byId, parse, upsert } from './upsert.js'
import { tick } from './clock.js'
import { _, listed, ngettext } from './words.js'

const { body } = document
const asked = { team: Number(body.dataset.team) || null, show: body.dataset.show, every: body.dataset.every === '1' }
const address = () => new URLSearchParams({ team: asked.team ?? '', show: asked.show, every: asked.every ? '1' : '' })
const look = () => tell({ t: 'floor', ...asked })
let opened = null

async function readAll() {
  const came = await ask(`/supervisor/floor?${address()}`)
  if (came?.status === 403) return location.reload()
  if (came?.ok) apply(came.html)
  tick()
  return came?.ok
}
whenReloaded('counts', readAll)
whenReloaded('list', () => {})
whenReloaded('pane', () => state.open && watch(state.open))
whenReloaded('floor', () => location.reload())
whenConnected(look)

const toEnd = () => { const log = document.querySelector('#watch .log'); if (log) log.scrollTop = log.scrollHeight }

/** Shows a conversation beside the floor; nobody but its people is told. */
async function watch(id) {
  const came = await ask(`/supervisor/conversations/${id}`)
  const fresh = came?.ok && parse(came.html).find((element) => element.id === 'watch')
  if (!fresh) {
    leave()
    return toast(came?.said || _('No se pudo abrir la conversación.'), 'error')
  }
  byId('watch').replaceWith(fresh)
  window.htmx.process(fresh)
  for (const said of [...fresh.querySelector('#whispered').content.children]) upsert(said.cloneNode(true), { paged: true })
  body.classList.add('watches')
  state.open = id
  tell({ t: 'open', open: id })
  history.replaceState(null, '', `/supervisor?${address()}&watch=${id}`)
  tick()
  toEnd()
}

function leave() {
  body.classList.remove('watches')
  byId('watch').hidden = true
  state.open = null
  tell({ t: 'open', open: null })
  history.replaceState(null, '', `/supervisor?${address()}`)
}

async function carried(agent) {
  byId(`carried-${opened}`)?.remove()
  if (opened === agent) return (opened = null)
  const came = await ask(`/supervisor/agents/${agent}`)
  if (!came?.ok) return toast(came?.said || _('No se pudo leer.'), 'error')
  opened = agent
  const holder = document.createElement('template')
  holder.innerHTML = came.html
  document.querySelector(`[data-agent-line="${agent}"]`)?.after(holder.content.firstElementChild)
  tick()
}

act('watch-close', leave)
act('carried', (button) => carried(button.dataset.agentId))
act('floor-every', () => {
  asked.every = true
  look()
  readAll()
})
act('floor-deed', async (button) => {
  if (button.dataset.sayConfirm && !confirm(button.dataset.sayConfirm)) return
  button.closest('details')?.removeAttribute('open')
  const came = await ask(button.dataset.post, { form: {} })
  if (!came?.ok) return toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  if (came.html) apply(came.html)
})

document.addEventListener('click', (event) => {
  const link = event.target.closest('[data-watch]')
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  watch(Number(link.dataset.watch))
})
document.addEventListener('submit', async (event) => {
  const form = event.target
  if (form.matches('.whispering')) {
    event.preventDefault()
    form.dataset.key ??= crypto.randomUUID()
    const came = await ask(form.action, { form: { text: form.elements.text.value, client_key: form.dataset.key } })
    if (!came?.ok) return toast(came?.said || _('No se pudo susurrar.'), 'error')
    delete form.dataset.key
    form.reset()
    apply(came.html)
    toEnd()
  } else if (form.matches('[data-carried]')) {
    event.preventDefault()
    const ids = [...form.querySelectorAll('[name=id]:checked')].map((box) => box.value)
    if (!ids.length) return toast(_('Elija al menos una conversación.'), 'error')
    const came = await ask('/supervisor/reassignment', { form: { ids: ids.join('.'), to: form.elements.to.value } })
    if (!came?.ok) return toast(came?.said || _('No se pudo reasignar.'), 'error')
    toast(ngettext('{n} reasignada', '{n} reasignadas', ids.length))
    carried(form.dataset.carried)
  }
})
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && body.classList.contains('watches') && !document.querySelector('dialog[open], details.menu[open]')) leave()
  if (event.key === 'Enter' && !event.shiftKey && event.target.id === 'whisper-text' && !event.isComposing) {
    event.preventDefault()
    event.target.form.requestSubmit()
  }
})
afterUpsert((element, isNew) => {
  if (element.matches('#watch .entry') && isNew) toEnd()
  if (element.id === `presence-${state.open}`) {
    const names = [...element.querySelectorAll('[data-typing]')].filter((one) => one.dataset.agent !== body.dataset.agent).map((one) => one.dataset.name)
    const typing = document.querySelector('#watch .typing')
    typing.hidden = !names.length
    typing.textContent = names.length ? ngettext('{who} está escribiendo…', '{who} están escribiendo…', names.length, { who: listed(names) }) : ''
  }
  if (element.id === 'floor-agents') {
    const open = opened
    opened = null
    if (open) carried(open)
  }
  tick(element)
})

window.addEventListener('load', () => {
  tick()
  connect()
  const first = Number(new URLSearchParams(location.search).get('watch'))
  if (first) watch(first)
  const agent = new URLSearchParams(location.search).get('agent')
  if (agent) carried(agent)
})

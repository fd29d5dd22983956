// Forms in a layer: fetched when asked for, sent without leaving the page, closed with Esc. One at a time.
import { ask } from './http.js'
import { act, toast } from './menus.js'
import { apply, byId, parse, returned } from './upsert.js'
import { _ } from './words.js'

let opener, asked

/** Shows the layer of an address; what was focused gets the focus back. */
export async function openDeed(url) {
  const mine = (asked = Symbol('deed'))
  opener = document.activeElement
  const came = await ask(url)
  if (asked !== mine) return
  if (!came?.ok) return toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  show(came.html)
}

/** Shows what is answered to these fields. */
export async function sendDeed(url, form) {
  opener = document.activeElement
  const came = await ask(url, { form })
  if (parse(came?.html ?? '').length) show(came.html)
  else toast(came?.said || _('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
}

function show(html) {
  const fresh = parse(html).find((element) => element.id === 'deed')
  if (!fresh) return
  byId('deed')?.remove()
  document.body.append(fresh)
  window.htmx?.process(fresh)
  fresh.addEventListener('close', () => {
    fresh.remove()
    returned(opener)?.focus()
  })
  fresh.showModal()
  fresh.dispatchEvent(new CustomEvent('deed-shown', { bubbles: true }))
}

const close = () => byId('deed')?.close()
act('deed', (button) => openDeed(button.dataset.deed))
act('close-deed', close)

document.addEventListener('submit', async (event) => {
  const form = event.target
  if (!form.matches('[data-deed]')) return
  event.preventDefault()
  if (form.ariaBusy === 'true') return
  form.ariaBusy = 'true'
  const came = await ask(event.submitter?.hasAttribute('formaction') ? event.submitter.formAction : form.action, { form: new FormData(form, event.submitter) })
  form.ariaBusy = 'false'
  if (!came) return toast(_('No hubo respuesta del servidor. Vuelva a probar.'), 'error')
  if (parse(came.html).some((element) => element.id === 'deed')) return show(came.html)
  if (!came.ok) return toast(came.said || _('No se pudo guardar.'), 'error')
  close()
  if (came.html) apply(came.html)
  if (form.dataset.deed) toast(form.dataset.deed)
})

document.addEventListener('keydown', (event) => {
  const form = event.target.closest?.('#deed form')
  if (!form || event.key !== 'Enter' || event.isComposing) return
  const send = form.querySelector('button[name=send]')
  const isSending = (event.ctrlKey || event.metaKey) && send
  // A list to choose from swallows Enter.
  if (!isSending && !event.target.matches('select')) return
  event.preventDefault()
  form.requestSubmit(isSending ? send : form.querySelector('footer button:not([type=button])'))
})

// A long list is narrowed by typing; what is chosen is always in sight.
const fold = (words) => words.normalize('NFD').replace(/\p{Diacritic}/gu, '').toLowerCase()
const inSight = (list) => [...list.querySelectorAll('li:not([hidden]) input')]
function choose(radio) {
  if (!radio) return
  radio.checked = true
  radio.closest('li').scrollIntoView({ block: 'nearest' })
}
document.addEventListener('input', ({ target }) => {
  if (!target.dataset?.narrows) return
  const list = byId(target.dataset.narrows)
  const words = fold(target.value).split(/\s+/).filter(Boolean)
  for (const item of list.children) item.hidden = !words.every((word) => item.dataset.words.includes(word))
  list.nextElementSibling.hidden = inSight(list).length > 0
  const chosen = list.querySelector('input:checked')
  if (chosen?.closest('li').hidden) chosen.checked = false
  if (!list.querySelector('input:checked')) choose(inSight(list)[0])
})
document.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step || !event.target.dataset?.narrows) return
  event.preventDefault()
  const all = inSight(byId(event.target.dataset.narrows))
  choose(all[Math.min(Math.max(all.findIndex((radio) => radio.checked) + step, 0), all.length - 1)])
})

act('take-day', (button) => {
  const input = button.closest('form').querySelector('[name=due_on]')
  input.value = button.dataset.day
  input.dispatchEvent(new Event('input', { bubbles: true }))
  input.focus()
})

// What will be sent follows the form until somebody writes in it.
const days = new Intl.DateTimeFormat('es', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' })
document.addEventListener('input', ({ target }) => {
  const form = target.closest('#deed form')
  const text = form?.querySelector('textarea[data-words]')
  if (!text) return
  if (target === text) return text.removeAttribute('data-words')
  const day = form.elements.due_on?.value
  const amount = form.elements.amount?.value.trim()
  if (!day || !amount) return
  const plain = Number(amount.replace(/[^\d.]/g, ''))
  const money = Number.isFinite(plain) && !/,/.test(amount) ? plain.toLocaleString(text.dataset.locale, { style: 'currency', currency: text.dataset.currency }) : amount
  text.value = text.dataset.words.replace('{monto}', money).replace('{día}', days.format(new Date(`${day}T00:00Z`)).replace(',', ''))
})
// The simulator follows what is typed; only the last answer counts.
let simulating
document.addEventListener('input', ({ target }) => {
  const form = target.closest('#deed form[data-simulates]')
  if (!form) return
  clearTimeout(simulating)
  simulating = setTimeout(async () => {
    const mine = simulating
    const came = await ask(`${form.dataset.simulates}?${new URLSearchParams(new FormData(form))}`)
    if (came?.ok && mine === simulating && form.isConnected) apply(came.html)
  }, 150)
})
document.addEventListener('change', ({ target }) => {
  // Another account has other amounts and perhaps a promise of its own.
  const form = target.closest('#deed form')
  if (!target.matches('select[name=account_id]') || !/(promises|plans|disputes)$/.test(form?.action)) return
  const said = form.elements.message_id?.value
  openDeed(`${form.action}/new?account=${target.value}${said ? `&message=${said}` : ''}`)
})

/** Of the message that is focused, or of the last one of the contact. */
export function fromMessage(path) {
  const pane = byId('pane')
  const conversation = pane?.dataset.conversation
  if (!conversation) return
  const entry = document.activeElement?.closest?.('.entry.in') ?? [...pane.querySelectorAll('.thread > .entry.in')].at(-1)
  openDeed(`/inbox/${conversation}/${path}${entry ? `?message=${entry.id.replace('message-', '')}` : ''}`)
}

// The switches of misbehaviour.
import { all, count, find } from './dom.js'
import { call, get, post, toast } from './api.js'
import { state } from './state.js'

const rows = all('[data-fault]')

export function startFaults() {
  for (const row of rows) {
    find('.switch', row).addEventListener('click', () => set(row, !row.classList.contains('on')))
    find('select', row)?.addEventListener('change', () => { if (row.classList.contains('on')) set(row, true) })
  }
  find('#behave').addEventListener('click', async () => drawFaults(await call('DELETE', '/faults')))
  find('#batch').addEventListener('click', async () => {
    const { messages } = await post('/batch', { count: 1000 })
    toast(`Salieron ${count.format(messages)} mensajes en un solo envío.`)
  })
  find('#load').addEventListener('click', load)
  find('#pause-webhooks').addEventListener('click', async ({ currentTarget }) => {
    const keep = currentTarget.getAttribute('aria-checked') !== 'true'
    const { paused } = await post(`/webhooks/${keep ? 'pause' : 'resume'}`)
    currentTarget.setAttribute('aria-checked', paused)
  })
}

export function drawFaults(faults) {
  for (const row of rows) {
    const value = faults[row.dataset.fault]
    const on = faults.active.includes(row.dataset.fault)
    row.classList.toggle('on', on)
    find('.switch', row).setAttribute('aria-checked', on)
    const select = find('select', row)
    if (on && select) choose(select, value)
  }
  const active = faults.active.length
  find('#faults-active').textContent = active === 0 ? 'ninguna falla activa' : `${active} ${active === 1 ? 'falla activa' : 'fallas activas'} para toda la demostración`
  find('#behave').hidden = active === 0
  const badge = find('#faults-count')
  badge.hidden = active === 0
  badge.textContent = active
}

function choose(select, value) {
  if (![...select.options].some((option) => Number(option.value) === value)) select.add(new Option(String(value), value))
  select.value = [...select.options].find((option) => Number(option.value) === value).value
}

async function set(row, on) {
  const select = find('select', row)
  const value = select ? (on ? Number(select.value) : 0) : on
  drawFaults(await call('PATCH', '/faults', { [row.dataset.fault]: value }))
}

async function load() {
  const rate = Number(find('#load-rate').value)
  await post('/load', { rate, seconds: 10 })
  toast(`Salen ${count.format(rate)} webhooks por segundo durante 10 s.`)
  const wait = setInterval(async () => {
    const run = await get('/load')
    if (run.running) return
    clearInterval(wait)
    toast(`${count.format(run.statuses['200'] ?? 0)} de ${count.format(run.offered)} contestados con 200; p99 ${Math.round(run.p99 ?? 0)} ms.`)
  }, 500)
  state.loading = wait
}

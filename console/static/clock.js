// What passes with time: the service window, how long somebody waits, "ayer".
const offset = Date.parse(document.body.dataset.now) - Date.now()
const zone = document.body.dataset.zone
export const now = () => Date.now() + offset

const local = (options) => new Intl.DateTimeFormat('es-PE', { timeZone: zone, ...options })
const asDay = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
const asTime = local({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const asDate = local({ day: 'numeric', month: 'short' })
export const dayOf = (moment) => asDay.format(moment)
export const timeOf = (moment) => asTime.format(moment)
const HOUR = 3_600_000
const SOON = 2 * HOUR

export function left(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000))
  if (!minutes) return 'menos de 1 min'
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  return hours ? `${hours} h${rest ? ` ${rest} min` : ''}` : `${rest} min`
}

function waited(milliseconds) {
  const minutes = Math.max(1, Math.floor(milliseconds / 60_000))
  if (minutes < 60) return `${minutes} min`
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}

/** `Hoy`, `Ayer`, or null for any other day (`2026-11-20`). */
export function nearDay(day) {
  if (day === dayOf(now())) return 'Hoy'
  return day === dayOf(now() - 24 * HOUR) ? 'Ayer' : null
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words
}

export function tick(root = document) {
  for (const element of root.querySelectorAll('[data-since]')) {
    const length = now() - Date.parse(element.dataset.since)
    write(element, waited(length))
    element.parentElement.classList.toggle('late', length > 600_000)
  }
  for (const element of root.querySelectorAll('[data-window]:not(.composer)')) {
    const length = Date.parse(element.dataset.window) - now()
    write(element, length > 0 ? `Quedan ${length < SOON ? left(length) : `${Math.floor(length / HOUR)} h`}` : 'Solo plantilla')
    element.classList.toggle('soon', length > 0 && length < SOON)
  }
  for (const element of root.querySelectorAll('time[data-when]')) {
    const near = nearDay(dayOf(Date.parse(element.dateTime)))
    if (near) write(element, near === 'Hoy' ? timeOf(Date.parse(element.dateTime)) : 'ayer')
    else if (/:|ayer/.test(element.textContent)) write(element, asDate.format(Date.parse(element.dateTime)).replace('.', ''))
  }
  tickWindow()
}

/** The open conversation's window: the header says when it closes, the composer shows it and changes at zero. */
export function tickWindow() {
  const header = document.querySelector('#pane .head')
  const composer = document.querySelector('#pane .composer')
  if (!header || !composer) return
  const closes = Date.parse(header.dataset.windowCloses)
  const length = closes - now()
  const before = composer.dataset.window
  composer.dataset.window = length > 0 ? 'open' : 'closed'
  const bar = composer.querySelector('[data-window-bar]')
  bar.classList.toggle('soon', length > 0 && length < SOON)
  if (length > 0) {
    write(bar.querySelector('[data-left]'), left(length))
    bar.querySelector('[data-window-meter]').value = length / 1000
  }
  if (before === composer.dataset.window) return
  if (length <= 0) write(bar.querySelector('[data-closed-words]'), `La ventana se cerró ${closes ? `a las ${timeOf(closes)}` : ''}. Para escribirle, elija una plantilla aprobada; su borrador queda guardado.`)
  composer.dispatchEvent(new CustomEvent('window-changed', { bubbles: true }))
}

setInterval(tick, 15_000)
setInterval(tickWindow, 1_000)

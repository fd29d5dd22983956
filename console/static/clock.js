// What passes with time: the service window, how long somebody waits, "ayer".
import { _, language } from './words.js'
const HOUR = 3_600_000
const SOON = 2 * HOUR
const { now: servedAt, zone: timeZone } = document.body.dataset
const offset = Date.parse(servedAt) - Date.now()
export const now = () => Date.now() + offset

const days = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
const times = new Intl.DateTimeFormat(language, { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const dates = new Intl.DateTimeFormat(language, { timeZone, day: 'numeric', month: 'short' })
export const dayOf = (moment) => days.format(moment)
export const timeOf = (moment) => times.format(moment)

/** `Hoy`, `Ayer`, or undefined for any other day (`2026-11-20`). */
export const nearDay = (day) => ({ [dayOf(now() - 24 * HOUR)]: _('Ayer'), [dayOf(now())]: _('Hoy') })[day]

function left(length) {
  const minutes = Math.floor(length / 60_000)
  const hours = Math.floor(minutes / 60)
  if (!minutes) return _('menos de 1 min')
  return [hours && `${hours} h`, minutes % 60 && `${minutes % 60} min`].filter(Boolean).join(' ')
}

function waited(length) {
  const minutes = Math.max(1, Math.floor(length / 60_000))
  if (minutes < 60) return `${minutes} min`
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}

function when(moment) {
  const near = nearDay(dayOf(moment))
  return near === _('Hoy') ? timeOf(moment) : near?.toLowerCase() ?? dates.format(moment)
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words
}

export function tick(root = document) {
  for (const element of root.querySelectorAll('[data-since]')) {
    write(element, waited(now() - Date.parse(element.dataset.since)))
  }
  for (const element of root.querySelectorAll('[data-due]')) {
    const { due, warns } = element.dataset
    const late = now() >= Date.parse(due)
    const shown = element.dataset.since ? element.parentElement : element
    shown.classList.toggle('late', late)
    shown.classList.toggle('soon', !late && now() >= Date.parse(warns))
    const word = element.querySelector('[data-word]')
    if (word) write(word, late ? _('venció') : _('vence'))
  }
  for (const element of root.querySelectorAll('[data-until]')) {
    const length = Date.parse(element.dataset.until) - now()
    const minutes = Math.floor(length / 60_000)
    const words = length >= SOON ? `${Math.floor(length / HOUR)} h` : minutes ? `${minutes} min` : _('menos de 1 min')
    write(element, length > 0 ? _('Quedan {left}', { left: words }) : _('Solo plantilla'))
    element.classList.toggle('soon', length > 0 && length < SOON)
  }
  // Older days stay as the server wrote them; only today and yesterday grow old.
  for (const element of root.querySelectorAll('time[data-when]')) {
    if (element.textContent.includes(':') || element.textContent.includes(_('ayer'))) write(element, when(Date.parse(element.dateTime)))
  }
}

/** The open conversation's window: the header says when it closes; the composer shows it, and changes at zero. */
export function tickWindow() {
  const composer = document.querySelector('#pane .composer')
  if (!composer) return
  const length = Date.parse(document.querySelector('#pane .head').dataset.windowCloses) - now()
  const before = composer.dataset.window
  composer.dataset.window = length > 0 ? 'open' : 'closed'
  composer.querySelector('.window').classList.toggle('soon', length > 0 && length < SOON)
  if (length > 0) {
    write(composer.querySelector('[data-left]'), left(length))
    composer.querySelector('progress').value = length / 1000
  }
  if (before !== composer.dataset.window) composer.dispatchEvent(new CustomEvent('window-changed', { bubbles: true }))
}

setInterval(tick, 15_000)
setInterval(tickWindow, 1_000)

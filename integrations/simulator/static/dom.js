// Small words for building the page. Everything from outside goes in as text, never as markup.

export const find = (selector, under = document) => under.querySelector(selector)
export const all = (selector, under = document) => [...under.querySelectorAll(selector)]

export function piece(name) {
  return find(`#piece-${name}`).content.firstElementChild.cloneNode(true)
}

export function element(tag, { text, title, ...attributes } = {}, ...children) {
  const made = document.createElement(tag)
  if (text !== undefined) made.textContent = text
  if (title) made.title = title
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name === 'class' ? 'class' : name, value === true ? '' : value)
  }
  made.append(...children.filter((child) => child !== null && child !== undefined))
  return made
}

export function icon(name, kind = '') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', `#i-${name}`)
  svg.setAttribute('aria-hidden', 'true')
  if (kind) svg.setAttribute('class', kind)
  svg.append(use)
  return svg
}

// Asks in the page's own dialog; gives null, or what was filled in.
export function ask({ title, text = '', yes = 'Aceptar', danger = false, fields = [] }) {
  const dialog = find('#dialog')
  find('#dialog-title').textContent = title
  find('#dialog-text').textContent = text
  const button = find('#dialog-yes')
  button.textContent = yes
  button.classList.toggle('danger', danger)
  button.classList.toggle('primary', !danger)
  const inputs = fields.map(({ name, label, value = '', placeholder = '', options }) => {
    const input = options
      ? element('select', { name }, ...options.map(([key, words]) => element('option', { value: key, text: words })))
      : element('input', { name, placeholder, autocomplete: 'off' })
    if (value) input.value = value
    return element('label', { text: label }, input)
  })
  find('#dialog-fields').replaceChildren(...inputs)
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const filled = Object.fromEntries(all('[name]', dialog).map((input) => [input.name, input.value.trim()]))
      resolve(dialog.returnValue === 'yes' ? filled : null)
    }, { once: true })
  })
}

// One open menu at a time; Escape and a click elsewhere close it.
export function tendMenus() {
  const open = () => all('details.menu-of[open]')
  document.addEventListener('click', ({ target }) => {
    for (const menu of open()) {
      if (!menu.contains(target) || target.closest('[role=menuitem]')) menu.open = false
    }
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    for (const menu of open()) {
      menu.open = false
      find('summary', menu).focus()
    }
  })
}

const zone = { hour: '2-digit', minute: '2-digit', hour12: false }
const clock = new Intl.DateTimeFormat('es-PE', zone)
const exact = new Intl.DateTimeFormat('es-PE', { ...zone, second: '2-digit' })
const long = new Intl.DateTimeFormat('es-PE', { weekday: 'short', day: 'numeric', month: 'short', ...zone, second: '2-digit' })
const day = new Intl.DateTimeFormat('es-PE', { weekday: 'long', day: 'numeric', month: 'long' })
export const count = new Intl.NumberFormat('en-US')

export const hour = (seconds) => clock.format(seconds * 1000)
export const instant = (seconds) => `${exact.format(seconds * 1000)}.${String(Math.floor((seconds % 1) * 1000)).padStart(3, '0')}`
export const fullTime = (seconds) => long.format(seconds * 1000).replace(', ', ' ').replaceAll('.', '')

export function dayName(seconds, now) {
  const key = (at) => new Date(at * 1000).toDateString()
  if (key(seconds) === key(now)) return 'Hoy'
  if (key(seconds) === key(now - 86400)) return 'Ayer'
  return day.format(seconds * 1000)
}

export const sized = (bytes) => bytes < 10000 ? `${count.format(bytes)} bytes` : bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`

// Pictures of the conversation, large: one after another, nearer and farther, by keyboard, mouse or thumb.
import { act } from './menus.js'
import { byId } from './upsert.js'

const NEAREST = 8
const STEP = 1.4
const NUDGE = 60
const SWIPE = 60

const viewer = byId('lightbox')
const sheet = viewer.querySelector('.sheet')
const picture = sheet.querySelector('img')
const fingers = new Map()
let shown = ''
let scale = 1
let x = 0
let y = 0
let pressed = null

// Asked each time: pushes put newer bubbles in the place of older ones, and a picture may be taken back meanwhile.
const all = () => [...document.querySelectorAll('#pane .thread a[data-act=look]')]
const here = () => all().findIndex((link) => link.href === shown)

act('look', (link) => {
  show(link)
  if (!viewer.open) viewer.showModal()
})
act('look-back', () => turn(-1))
act('look-on', () => turn(1))
act('look-nearer', () => zoom(STEP))
act('look-farther', () => zoom(1 / STEP))

function show(link) {
  const links = all()
  shown = link.href
  viewer.classList.remove('broken')
  picture.src = shown
  picture.alt = link.querySelector('img').alt
  const message = link.closest('.msg')
  byId('lightbox-name').textContent = link.dataset.name
  byId('lightbox-when').textContent = `${message.getAttribute('aria-label')} · ${message.closest('.entry').querySelector('.day').textContent}`
  byId('lightbox-place').textContent = `${here() + 1} de ${links.length}`
  const download = viewer.querySelector('a[download]')
  download.href = shown
  download.download = link.dataset.name
  viewer.classList.toggle('first', here() === 0)
  viewer.classList.toggle('last', here() === links.length - 1)
  fit()
}

function turn(by) {
  const now = here()
  if (now < 0) return viewer.close()
  const next = all()[now + by]
  if (next) show(next)
}

function fit() {
  scale = 1
  x = y = 0
  place()
}

/** Nearer or farther by a factor, about a point of the window: what is under the finger stays under it. */
function zoom(factor, at = null) {
  const box = sheet.getBoundingClientRect()
  const fromMiddle = at ? [at.x - box.x - box.width / 2, at.y - box.y - box.height / 2] : [0, 0]
  const next = Math.min(NEAREST, Math.max(1, scale * factor))
  x = fromMiddle[0] - (fromMiddle[0] - x) * (next / scale)
  y = fromMiddle[1] - (fromMiddle[1] - y) * (next / scale)
  scale = next
  place()
}

function move(dx, dy) {
  x += dx
  y += dy
  place()
}

function place() {
  const spare = (length, room) => Math.max(0, (length * scale - room) / 2)
  const across = spare(picture.clientWidth, sheet.clientWidth)
  const down = spare(picture.clientHeight, sheet.clientHeight)
  x = Math.min(across, Math.max(-across, x))
  y = Math.min(down, Math.max(-down, y))
  picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`
  viewer.classList.toggle('near', scale > 1)
  byId('lightbox-scale').textContent = `${Math.round(scale * 100)} %`
}

const KEYS = {
  ArrowLeft: ({ shiftKey }) => shiftKey ? move(NUDGE, 0) : turn(-1),
  ArrowRight: ({ shiftKey }) => shiftKey ? move(-NUDGE, 0) : turn(1),
  ArrowUp: () => move(0, NUDGE),
  ArrowDown: () => move(0, -NUDGE),
  '+': () => zoom(STEP),
  '=': () => zoom(STEP),
  '-': () => zoom(1 / STEP),
  0: fit,
}
viewer.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return
  event.preventDefault()
  KEYS[event.key](event)
})
viewer.addEventListener('close', () => {
  fingers.clear()
  all()[here()]?.focus()
  picture.removeAttribute('src')
})
picture.addEventListener('error', () => viewer.classList.toggle('broken', picture.hasAttribute('src')))
picture.addEventListener('load', fit)
addEventListener('resize', () => viewer.open && place())

sheet.addEventListener('wheel', (event) => {
  event.preventDefault()
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), event)
}, { passive: false })
sheet.addEventListener('dblclick', (event) => scale > 1 ? fit() : zoom(STEP * STEP, event))

const apart = ([one, other]) => Math.hypot(one.x - other.x, one.y - other.y)
const between = ([one, other]) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 })
sheet.addEventListener('pointerdown', (event) => {
  if (event.button) return
  sheet.setPointerCapture(event.pointerId)
  fingers.set(event.pointerId, { x: event.x, y: event.y })
  // Two fingers pinch: lifting them is neither a swipe nor a click beside the picture.
  pressed = fingers.size === 1 ? { x: event.x, y: event.y, beside: event.target === sheet } : null
})
sheet.addEventListener('pointermove', (event) => {
  const before = fingers.get(event.pointerId)
  if (!before) return
  const were = [...fingers.values()]
  fingers.set(event.pointerId, { x: event.x, y: event.y })
  const are = [...fingers.values()]
  if (are.length === 1) return scale > 1 && move(event.x - before.x, event.y - before.y)
  zoom(apart(are) / Math.max(1, apart(were)), between(are))
  move(between(are).x - between(were).x, between(are).y - between(were).y)
})
sheet.addEventListener('pointerup', (event) => {
  const from = pressed
  lift(event)
  if (!from || scale > 1) return
  const [across, down] = [event.x - from.x, event.y - from.y]
  if (Math.abs(across) > SWIPE && Math.abs(across) > 2 * Math.abs(down)) turn(across < 0 ? 1 : -1)
  else if (from.beside && Math.hypot(across, down) < 5) viewer.close()
})
sheet.addEventListener('pointercancel', lift)

function lift({ pointerId }) {
  fingers.delete(pointerId)
  pressed = null
}

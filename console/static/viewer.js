// Pictures and PDF pages of the conversation, large: one after another, nearer and farther, by keyboard, mouse or thumb.
import { answer, headers } from './http.js'
import { act } from './menus.js'
import { byId } from './upsert.js'
import { _ } from './words.js'

const NEAREST = 8
const STEP = 1.4
const NUDGE = 60
const SWIPE = 60

const viewer = byId('lightbox')
const sheet = viewer.querySelector('.sheet')
const picture = sheet.querySelector('img')
const fingers = new Map()
const pages = new Map()
let shown = ''
let page = 1
let asking = null
let scale = 1
let x = 0
let y = 0
let pressed = null

// Asked each time: pushes put newer bubbles in the place of older ones, and a picture may be taken back meanwhile.
const all = () => [...document.querySelectorAll('#pane .thread a[data-act=look]')]
const isPdf = (link) => 'pages' in link.dataset
const here = () => all().findIndex((link) => link.href === shown)

act('look', (link) => {
  show(link)
  if (!viewer.open) viewer.showModal()
})
act('look-back', () => turn(-1))
act('look-on', () => turn(1))
act('look-nearer', () => zoom(STEP))
act('look-farther', () => zoom(1 / STEP))

function show(link, number = 1) {
  shown = link.href
  page = number
  asking?.abort()
  viewer.classList.remove('broken', 'waiting')
  if (isPdf(link)) draw(link)
  else {
    put(shown)
    picture.alt = link.querySelector('img').alt
  }
  const message = link.closest('.msg')
  byId('lightbox-name').textContent = link.dataset.name
  byId('lightbox-when').textContent = `${message.getAttribute('aria-label')} · ${message.closest('.entry').querySelector('.day').textContent}`
  const download = viewer.querySelector('a[download]')
  download.href = shown
  download.download = link.dataset.name
  say()
  fit()
}

/** Where one is: which page of which file, and what lies before and behind. */
function say() {
  const links = all()
  const last = pages.get(shown)
  const places = { page, pages: last, file: here() + 1, files: links.length }
  byId('lightbox-place').textContent = last ? _('página {page} de {pages} · archivo {file} de {files}', places) : _('{file} de {files}', places)
  viewer.classList.toggle('first', here() === 0 && page === 1)
  viewer.classList.toggle('last', here() === links.length - 1 && page >= (last ?? 1))
}

function turn(by) {
  const now = here()
  if (now < 0) return viewer.close()
  const links = all()
  const leaf = page + by
  if (leaf >= 1 && leaf <= (pages.get(shown) ?? 1)) return show(links[now], leaf)
  const next = links[now + by]
  if (next) show(next, by < 0 ? pages.get(next.href) : 1)
}

/** One page of a PDF. Who turns on meanwhile waits for the page they turned to, and the server stops drawing this one. */
async function draw(link) {
  const mine = (asking = new AbortController())
  const number = page
  viewer.classList.add('waiting')
  picture.alt = _('Página {page} de {name}', { page: number, name: link.dataset.name })
  put(null)
  const came = await fetch(`${link.href}/pages/${number}`, { headers, signal: mine.signal }).catch(() => null)
  const drawn = came?.ok ? await came.blob().catch(() => null) : null
  const told = came && !came.ok ? answer(came.status, await came.text(), null) : null
  if (mine.signal.aborted) return
  viewer.classList.remove('waiting')
  if (drawn) {
    pages.set(link.href, Number(came.headers.get('aldia-pages')))
    put(URL.createObjectURL(drawn))
  } else fail(told?.said || _('No hubo respuesta del servidor. Vuelva a probar, o descargue el PDF.'))
  if (told?.status === 422 && number > 1) pages.set(link.href, number)
  say()
}

function put(source) {
  if (picture.src.startsWith('blob:')) URL.revokeObjectURL(picture.src)
  if (source) picture.src = source
  else picture.removeAttribute('src')
}

function fail(sentence) {
  viewer.querySelector('.none').textContent = sentence
  viewer.classList.add('broken')
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
  PageUp: () => turn(-1),
  PageDown: () => turn(1),
}
viewer.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return
  event.preventDefault()
  KEYS[event.key](event)
})
viewer.addEventListener('close', () => {
  fingers.clear()
  asking?.abort()
  all()[here()]?.focus()
  put(null)
})
picture.addEventListener('error', () => picture.hasAttribute('src') && fail(_('No se pudo abrir la imagen. Descárguela para verla.')))
picture.addEventListener('load', fit)
// A PDF that cannot be drawn is still a file with a name; the viewer says why.
document.addEventListener('error', ({ target }) => target.matches?.('.picture.page img') && target.parentElement.classList.add('bare'), true)
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

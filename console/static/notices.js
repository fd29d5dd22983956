// What rings while a page is open: a sound, the number in the title, and a notification while nobody looks at the page.
import { headers } from './http.js'
import { state } from './live.js'
import { afterUpsert } from './upsert.js'
import { subscribeAgain } from './push.js'
import { language } from './words.js'

const me = document.body.dataset.agent
const FRESH = 90_000
const ASK_AGAIN = 5 * 60_000
const known = new Map()
const unseen = new Set()
let choice = { words: {}, sound: false }
let audio

const unreadOf = (row) => Number.parseInt(row.querySelector('.badge')?.firstChild?.textContent ?? '0', 10) || 0
const idOf = (row) => Number(row.id.replace('row-', ''))
const note = (row) => known.set(row.id, { inbound: Number(row.dataset.inbound), holder: row.dataset.holder })

async function ask() {
  try {
    const came = await fetch('/notifications/choice', { headers })
    if (came.ok) choice = await came.json()
  } catch {
    // Without network nothing comes that could ring.
  }
}

/** The number of conversations in which something came while nobody looked. */
function count() {
  const bare = document.title.replace(/^\(\d+\) /, '')
  document.title = unseen.size ? `(${unseen.size}) ${bare}` : bare
}
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return
  unseen.clear()
  count()
})
new MutationObserver(() => unseen.size && !document.title.startsWith('(') && count()).observe(document.querySelector('title'), { childList: true })

/** Two short tones, made here: no file to fetch. Browsers are silent until somebody has touched the page. */
function ring() {
  audio ??= new AudioContext()
  if (audio.state === 'suspended') audio.resume().catch(() => {})
  const begin = audio.currentTime
  for (const [at, pitch] of [[0, 660], [0.14, 880]]) {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0.08, begin + at)
    volume.gain.exponentialRampToValueAtTime(0.001, begin + at + 0.13)
    tone.connect(volume).connect(audio.destination)
    tone.start(begin + at)
    tone.stop(begin + at + 0.14)
  }
}

function tell(kind, id, url, seenAs = kind) {
  document.dispatchEvent(new CustomEvent('rang', { detail: kind }))
  if (choice.sound) ring()
  if (!document.hidden) return
  unseen.add(seenAs)
  count()
  show(kind, id, url)
}

async function show(kind, id, url) {
  if (!('Notification' in window) || Notification.permission !== 'granted') return
  const told = { body: choice.words[kind], tag: `${kind}-${id}`, data: { url }, lang: language }
  const worker = await navigator.serviceWorker?.getRegistration('/')
  if (worker) return worker.showNotification('Al Día', told)
  const note = new Notification('Al Día', told)
  note.onclick = () => {
    window.focus()
    location.assign(told.data.url)
  }
}

afterUpsert((element) => {
  if (!element.classList.contains('row')) return
  const before = known.get(element.id)
  note(element)
  const { inbound, holder } = known.get(element.id)
  const isMine = holder === me
  // Read and written in one breath leaves as many unread as before: what counts is what was ever written.
  const isNewer = unreadOf(element) && inbound > (before?.inbound ?? 0)
  const kind = isMine && before && before.holder !== me ? 'assigned' : !isNewer ? null : isMine ? 'mine' : holder ? null : 'team'
  // What an older page of the list brings has been there before.
  const isFresh = Date.now() - Date.parse(element.querySelector('time')?.dateTime) < FRESH
  const isSeen = !document.hidden && state.open === idOf(element)
  if (!kind || !isFresh || isSeen || !choice.words[kind]) return
  tell(kind, idOf(element), `/inbox/${idOf(element)}`, element.id)
})
// A mention is told by its number: the conversation may stand in a list that is not shown.
const mentionsNow = () => Number.parseInt(document.querySelector('[data-count=mentions]')?.textContent.replace(/\D/g, '') || '0', 10)
let mentions = mentionsNow()
afterUpsert((element) => {
  if (element.id !== 'counts') return
  const before = mentions
  mentions = mentionsNow()
  if (mentions > before && choice.words.mention) tell('mention', 'mentions', '/inbox?view=mentions')
})
document.querySelectorAll('#rows > .row').forEach(note)
document.addEventListener('list-shown', () => document.querySelectorAll('#rows > .row').forEach(note))

ask().then(() => subscribeAgain(choice.key))
setInterval(ask, ASK_AGAIN)

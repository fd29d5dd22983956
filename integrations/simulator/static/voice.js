// A voice note that can be listened to, one at a time.
import { find, piece } from './dom.js'

const player = new Audio()
let shown = null

export function voice(source, heard = () => null) {
  const made = piece('voice')
  find('.play', made).addEventListener('click', (event) => {
    event.stopPropagation()
    if (shown === made && !player.paused) return player.pause()
    if (shown !== made) player.src = source
    heard()
    shown = made
    player.play().catch(() => { find('small', made).textContent = 'no se puede oír' })
  })
  return made
}

const time = (seconds) => Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}` : '0:00'

function draw() {
  if (!shown) return
  const share = Number.isFinite(player.duration) && player.duration ? player.currentTime / player.duration : 0
  find('.done', shown).style.width = `${share * 100}%`
  find('small', shown).textContent = time(player.currentTime || player.duration)
  find('use', shown).setAttribute('href', player.paused ? '#i-play' : '#i-pause')
}

for (const event of ['timeupdate', 'play', 'pause', 'ended', 'loadedmetadata']) player.addEventListener(event, draw)

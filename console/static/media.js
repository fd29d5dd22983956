// Looking at pictures and listening to voice notes.
import { act } from './menus.js'

act('look', (link) => {
  const box = document.getElementById('lightbox')
  const picture = link.querySelector('img')
  box.querySelector('img').src = link.href
  box.querySelector('img').alt = picture.alt
  box.querySelector('a').href = link.href
  box.showModal()
})
document.getElementById('lightbox').addEventListener('click', ({ target, currentTarget }) => target === currentTarget && currentTarget.close())

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
const partsOf = (node) => {
  const voice = node.closest('.voice')
  return { voice, audio: voice.querySelector('audio'), slider: voice.querySelector('input'), at: voice.querySelector('.at'), button: voice.querySelector('.pp') }
}

act('play', (node) => {
  const { audio } = partsOf(node)
  if (!audio.paused) return audio.pause()
  for (const other of document.querySelectorAll('.voice audio')) if (other !== audio) other.pause()
  audio.play()
})
act('rate', (button) => {
  const { audio } = partsOf(button)
  audio.playbackRate = { 1: 1.5, 1.5: 2, 2: 1 }[audio.playbackRate] ?? 1
  audio.defaultPlaybackRate = audio.playbackRate
  button.textContent = `${String(audio.playbackRate).replace('.', ',')}×`
})
document.addEventListener('input', ({ target }) => {
  if (!target.matches('.voice input')) return
  const { audio } = partsOf(target)
  if (audio.duration) audio.currentTime = (target.value / 1000) * audio.duration
})
for (const name of ['play', 'pause', 'ended', 'timeupdate', 'loadedmetadata', 'error']) {
  document.addEventListener(name, ({ target }) => {
    if (!target.closest?.('.voice')) return
    const { voice, audio, slider, at, button } = partsOf(target)
    voice.classList.toggle('playing', !audio.paused && !audio.ended)
    button.setAttribute('aria-label', audio.paused ? 'Reproducir' : 'Pausar')
    if (Number.isFinite(audio.duration)) slider.value = (audio.currentTime / audio.duration) * 1000
    at.textContent = name === 'error' ? 'no suena' : clock(audio.currentTime || (Number.isFinite(audio.duration) ? audio.duration : 0))
  }, true)
}

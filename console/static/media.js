// Listening to voice notes.
import { act } from './menus.js'
import { _, language } from './words.js'

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
const audioOf = (node) => node.closest('.voice').querySelector('audio')

act('play', (button) => {
  const audio = audioOf(button)
  for (const other of document.querySelectorAll('audio')) if (other !== audio) other.pause()
  if (audio.paused) audio.play()
  else audio.pause()
})
act('rate', (button) => {
  const audio = audioOf(button)
  audio.playbackRate = audio.defaultPlaybackRate = { 1: 1.5, 1.5: 2, 2: 1 }[audio.playbackRate]
  button.textContent = `${audio.playbackRate.toLocaleString(language)}×`
})
document.addEventListener('input', ({ target }) => {
  if (target.matches('.voice input')) audioOf(target).currentTime = (target.value / 1000) * (audioOf(target).duration || 0)
})
for (const name of ['play', 'pause', 'ended', 'timeupdate', 'loadedmetadata', 'error']) {
  document.addEventListener(name, ({ target: audio }) => {
    const voice = audio.closest?.('.voice')
    if (!voice) return
    voice.classList.toggle('playing', !audio.paused)
    voice.querySelector('.pp').setAttribute('aria-label', audio.paused ? _('Reproducir') : _('Pausar'))
    voice.querySelector('input').value = audio.duration ? (audio.currentTime / audio.duration) * 1000 : 0
    voice.querySelector('.at').textContent = name === 'error' ? _('no suena') : clock(audio.currentTime || audio.duration || 0)
  }, true)
}

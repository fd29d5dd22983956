// The page of notifications: turning them on here is the browser's to allow.
import './page.js'
import { isPossible, subscribe } from './push.js'

const button = document.querySelector('[data-subscribe]')
const words = document.querySelector('[data-subscribe-words]')
const say = (name) => { words.textContent = words.dataset[`say${name[0].toUpperCase()}${name.slice(1)}`] ?? '' }
if (!isPossible()) {
  button.disabled = true
  say('impossible')
} else if (Notification.permission === 'denied') say('denied')
button.addEventListener('click', async () => {
  button.disabled = true
  const came = await subscribe(button.dataset.subscribe)
  button.disabled = false
  if (came === 'on') return location.reload()
  say(came)
})

// Signing in: one submission at a time, a password that can be looked at, a wait that counts down.
for (const form of document.querySelectorAll('[data-sign-in]')) {
  form.addEventListener('submit', () => { form.querySelector('[data-submit]').disabled = true })
}
addEventListener('pageshow', ({ persisted }) => persisted && location.reload())

const look = document.querySelector('[data-show-password]')
const show = look?.getAttribute('aria-label')
look?.addEventListener('click', () => {
  const password = document.getElementById('password')
  const shown = password.type === 'password'
  password.type = shown ? 'text' : 'password'
  look.setAttribute('aria-pressed', shown)
  look.setAttribute('aria-label', shown ? look.dataset.sayHide : show)
})

const wait = document.querySelector('[data-wait]')
if (wait) {
  const button = document.querySelector('[data-submit]')
  const now = button.textContent
  const until = Date.now() + Number(wait.dataset.wait) * 1000
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000))
    wait.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    button.disabled = seconds > 0
    button.textContent = seconds ? `${button.dataset.sayLater} ${wait.textContent}` : now
    if (!seconds) clearInterval(ticking)
  }
  const ticking = setInterval(tick, 1000)
  tick()
}

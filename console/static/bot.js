// The lists of dialogues stay as they are now, while somebody looks and is not in the middle of them.
const EVERY = 5000

async function refresh() {
  const list = document.getElementById('bot-sessions')
  if (!list || document.hidden || list.contains(document.activeElement)) return
  const answer = await fetch(`/bot/sessions${location.search}`).catch(() => undefined)
  if (!answer?.ok) return
  const template = document.createElement('template')
  template.innerHTML = await answer.text()
  const fresh = template.content.getElementById('bot-sessions')
  if (fresh && fresh.innerHTML !== list.innerHTML) list.replaceWith(fresh)
}

setInterval(refresh, EVERY)

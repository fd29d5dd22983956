// Puts fragments where they belong. A push may repeat, come late or come twice: what is on the page is
// replaced by id unless it is newer, and what is new takes its place by data-position.
const listeners = []
export const afterUpsert = (listener) => listeners.push(listener)

export function parse(html) {
  const holder = document.createElement('template')
  holder.innerHTML = html
  return [...holder.content.children]
}

export const apply = (html) => parse(html).forEach(upsert)

export function upsert(incoming) {
  const present = document.getElementById(incoming.id)
  if (present && Number(present.dataset.version) > Number(incoming.dataset.version)) return
  const container = present?.parentElement ?? document.getElementById(incoming.dataset.into)
  if (!container) return
  const focus = present && rememberFocus(present)
  if (present) keepOpen(present, incoming)
  if (incoming.dataset.clientKey) document.getElementById(`pending-${incoming.dataset.clientKey}`)?.remove()
  if (present && present.dataset.position === incoming.dataset.position) present.replaceWith(incoming)
  else {
    present?.remove()
    if (!place(container, incoming)) return
  }
  window.htmx?.process(incoming)
  focus?.(incoming)
  listeners.forEach((listener) => listener(incoming, !present))
}

function place(container, incoming) {
  const position = Number(incoming.dataset.position)
  const comesBefore = container.dataset.order === 'desc' ? (other) => other < position : (other) => other > position
  const next = incoming.dataset.position && [...container.children].find((item) => item.dataset.position && comesBefore(Number(item.dataset.position)))
  // Past the last row loaded it belongs to a page not fetched yet.
  if (!next && container.dataset.next && container.children.length) return false
  container.insertBefore(incoming, next || container.querySelector(':scope > .more'))
  return true
}

function rememberFocus(present) {
  const active = document.activeElement
  if (!present.contains(active)) return null
  const path = active.id ? `#${CSS.escape(active.id)}` : active.dataset.act ? `[data-act="${active.dataset.act}"]` : active.tagName
  return (incoming) => (incoming.querySelector(path) ?? incoming).focus({ preventScroll: true })
}

function keepOpen(present, incoming) {
  for (const open of present.querySelectorAll('details[open][id]')) incoming.querySelector(`#${open.id}`)?.setAttribute('open', '')
}

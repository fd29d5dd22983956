// Puts fragments where they belong. A push may repeat, come late or come twice: what is on the page is
// replaced by id unless it is newer, and what is new takes its place by data-position.
const listeners = []
export const afterUpsert = (listener) => listeners.push(listener)
export const byId = (id) => document.getElementById(id)

export function parse(html) {
  const holder = document.createElement('template')
  holder.innerHTML = html
  return [...holder.content.children]
}

/** A copy of what the server put into the page's <template id>. */
export const copyOf = (id) => byId(id).content.firstElementChild.cloneNode(true)

/** Every element is put in place; one with data-page stands for a page of that list: its items are. */
export function apply(html) {
  for (const element of parse(html)) {
    const list = byId(element.dataset.page)
    const fromEnd = list?.parentElement.scrollHeight - list?.parentElement.scrollTop
    if (list) for (const item of [...element.children]) upsert(item, { paged: true })
    else upsert(element)
    // What comes above pushes down what is in sight; what follows below does not.
    if (list?.dataset.order === 'asc' && !('follows' in element.dataset)) list.parentElement.scrollTop = list.parentElement.scrollHeight - fromEnd
  }
}

export function upsert(incoming, { paged = false } = {}) {
  const present = byId(incoming.id)
  if (present && Number(present.dataset.version) > Number(incoming.dataset.version)) return
  const container = present?.parentElement ?? byId(incoming.dataset.into)
  if (!container) return
  const focused = present?.contains(document.activeElement) && pathTo(document.activeElement)
  for (const open of present?.querySelectorAll('details[open][id]') ?? []) incoming.querySelector(`#${open.id}`)?.setAttribute('open', '')
  if (incoming.dataset.clientKey) byId(`pending-${incoming.dataset.clientKey}`)?.remove()
  if (present && present.dataset.position === incoming.dataset.position) present.replaceWith(incoming)
  else {
    present?.remove()
    if (!place(container, incoming, paged)) return
  }
  if (present) keepSounding(present, incoming)
  window.htmx?.process(incoming)
  if (focused) (incoming.querySelector(focused) ?? incoming).focus({ preventScroll: true })
  for (const listener of listeners) listener(incoming, !present)
}

/** Takes a line out of its list. Whoever stood at it stands at the next one; so does whoever comes back to it. */
export function takeAway(id) {
  const gone = byId(id)
  const next = gone?.nextElementSibling?.matches('.row') ? gone.nextElementSibling : gone?.previousElementSibling
  const stood = gone?.contains(document.activeElement)
  if (next) gone.dataset.next = next.id
  // One line of a list can be reached with Tab; it must not go with this one.
  if (gone?.firstElementChild?.tabIndex === 0 && next?.matches('.row')) next.firstElementChild.tabIndex = 0
  gone?.remove()
  if (stood) next?.firstElementChild?.focus()
}

/** Where somebody stands who went away from `place`: there, in the line that took its place, or at the list's line. */
export function returned(place) {
  let to = place
  while (to && !to.isConnected) to = byId(to.closest('.row')?.dataset.next ?? '')?.firstElementChild
  return to ?? document.querySelector('#rows > .row > a[tabindex="0"]')
}

/** What somebody listens to or looks at goes on where it was: a tick that arrives must not stop a voice note. */
function keepSounding(present, incoming) {
  for (const medium of present.querySelectorAll('audio, video')) {
    if (medium.paused && !medium.currentTime) continue
    const same = [...incoming.querySelectorAll('audio, video')].find((one) => one.src === medium.src)
    const whole = (one) => one.closest('.voice') ?? one
    if (same) whole(same).replaceWith(whole(medium))
  }
}

function place(container, incoming, paged) {
  const position = Number(incoming.dataset.position)
  const isLater = container.dataset.order === 'desc' ? (other) => other < position : (other) => other > position
  const next = incoming.dataset.position && [...container.children].find((item) => item.dataset.position && isLater(Number(item.dataset.position)))
  const more = container.querySelector(':scope > .more[hx-get]')
  // Past the last row loaded it belongs to a page not fetched yet.
  if (!next && !paged && more && container.dataset.order === 'desc') return false
  container.insertBefore(incoming, next || (container.dataset.order === 'desc' ? more : null))
  return true
}

function pathTo(element) {
  if (element.id) return `#${CSS.escape(element.id)}`
  return element.dataset.act ? `[data-act="${element.dataset.act}"]` : element.tagName
}

// What the page knows, and who wants to hear when it changes.

export const state = {
  personas: new Map(),
  chosen: null,
  messages: new Map(),
  typingUntil: 0,
  viewer: null,
  clock: { now: Date.now() / 1000, speed: 1, seenAt: performance.now() },
}

const listeners = {}

export function on(event, listener) {
  (listeners[event] ??= []).push(listener)
}

export function tell(event, content) {
  for (const listener of listeners[event] ?? []) listener(content)
}

export const persona = () => state.personas.get(state.chosen)
export const here = (rest = '') => `/personas/${encodeURIComponent(state.chosen)}${rest}`

export function now() {
  const { now: shown, speed, seenAt } = state.clock
  return shown + ((performance.now() - seenAt) / 1000) * speed
}

export function setClock({ now: shown, speed }) {
  state.clock = { now: shown, speed, seenAt: performance.now() }
  tell('clock')
}

// Web push: this browser is told even when no page is open. Asked for once; renewed with each sign-in.
import { headers } from './http.js'

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0))
export const isPossible = () => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

export const register = () => navigator.serviceWorker?.register('/sw.js').catch(() => null)

async function keep(subscription) {
  const { endpoint, keys } = subscription.toJSON()
  const body = new URLSearchParams({ endpoint, p256dh: keys.p256dh, auth: keys.auth })
  return fetch('/notifications/subscriptions', { method: 'POST', headers, body })
}

/** Asks the person, then the browser; says in a word what came of it: on, denied or failed. */
export async function subscribe(key) {
  if ((await Notification.requestPermission()) !== 'granted') return 'denied'
  try {
    await register()
    const worker = await navigator.serviceWorker.ready
    const old = await worker.pushManager.getSubscription()
    const same = old && new Uint8Array(old.options.applicationServerKey ?? []).toString() === bytes(key).toString()
    if (old && !same) await old.unsubscribe()
    const made = same ? old : await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })
    return (await keep(made)).ok ? 'on' : 'failed'
  } catch {
    return 'failed'
  }
}

/** A subscription ends with its session: one that this browser still has is given to the present one. */
export async function subscribeAgain(key) {
  if (!isPossible() || !key) return
  await register()
  if (Notification.permission !== 'granted') return
  const worker = await navigator.serviceWorker.getRegistration('/')
  const subscription = await worker?.pushManager.getSubscription()
  if (subscription) await keep(subscription).catch(() => {})
}

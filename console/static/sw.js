// The service worker: rings while no page is open, and says kindly that there is no network. It keeps one page without
// anybody's data, and never an answer of the server.
const OFFLINE = '/offline'
const KEPT = 'offline-3'

async function keep() {
  const kept = await caches.open(KEPT)
  const answer = await fetch(OFFLINE, { cache: 'reload', credentials: 'omit' })
  const looks = (await answer.clone().text()).match(/\/static\/[^"]+\.(?:css|js)/g) ?? []
  await kept.addAll(looks)
  await kept.put(OFFLINE, answer)
}
self.addEventListener('install', (event) => {
  event.waitUntil(keep())
  self.skipWaiting()
})
self.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))).then(() => self.clients.claim()))
})

/** Without an answer: the kept page. A form's is shown in the place of the page that the form was on, which can be asked for again. */
async function without({ method, referrer }) {
  return method === 'GET' || !referrer.startsWith(self.location.origin) ? caches.match(OFFLINE) : Response.redirect(referrer, 303)
}
self.addEventListener('fetch', (event) => {
  const { mode, destination } = event.request
  if (mode === 'navigate') event.respondWith(fetch(event.request).catch(() => without(event.request)))
  else if (destination === 'style' || destination === 'script') event.respondWith(fetch(event.request).catch(async () => (await caches.match(event.request)) ?? Response.error()))
})

self.addEventListener('push', (event) => {
  const said = event.data?.json() ?? {}
  event.waitUntil(tell(said))
})

async function tell({ title, body, url, tag, lang = 'es' }) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  // Whoever has the page before their eyes sees it there.
  if (pages.some((page) => page.focused && page.visibilityState === 'visible')) return
  await self.registration.showNotification(title, { body, tag, renotify: true, data: { url }, lang })
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(goTo(new URL(event.notification.data?.url ?? '/inbox', self.location.origin).href))
})

async function goTo(address) {
  const pages = await self.clients.matchAll({ type: 'window' })
  const page = pages.find(({ url }) => new URL(url).pathname.startsWith('/inbox')) ?? pages[0]
  if (!page) return self.clients.openWindow(address)
  await page.focus()
  return page.navigate(address)
}

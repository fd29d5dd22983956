// There was no network, or nobody answered: back to the page that was wanted as soon as somebody does.
const EVERY = 5_000
const again = () => location.replace(location.pathname + location.search)

addEventListener('online', again)
setInterval(async () => {
  const ready = navigator.onLine && (await fetch('/ready').catch(() => null))
  if (ready?.ok) again()
}, EVERY)

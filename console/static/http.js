// Requests to the server: they carry the token against forgery and ask for fragments.
const token = document.querySelector('meta[name=csrf-token]')?.content ?? ''
export const headers = { 'HX-Request': 'true', ...(token && { 'x-csrftoken': token }) }

/** Rejects only when no answer came at all (no network, server gone). */
export async function ask(url, { method = 'GET', form, target, ...more } = {}) {
  const body = form && new URLSearchParams(form)
  const extra = target ? { 'HX-Target': target } : {}
  const response = await fetch(url, { method, body, headers: { ...headers, ...extra }, credentials: 'same-origin', ...more })
  if (response.status === 401) return signInAgain()
  const text = await response.text()
  const isHtml = (response.headers.get('content-type') ?? '').includes('text/html')
  return { ok: response.ok, status: response.status, refused: response.headers.get('x-refused'), html: isHtml ? text : '', said: isHtml ? '' : sentence(text) }
}

/** The session is over: sign in and come back here. What was being written waits in this tab. */
export function signInAgain() {
  location.assign(`/login?ended=1&next=${encodeURIComponent(location.pathname + location.search)}`)
  return new Promise(() => {})
}

function sentence(text) {
  try {
    const problem = JSON.parse(text)
    return String(problem.text ?? problem.detail ?? '')
  } catch {
    return ''
  }
}

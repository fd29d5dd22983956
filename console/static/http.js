// Requests to the server: each says that it wants fragments, and may say which one.
const token = document.querySelector('meta[name=csrf-token]')?.content
export const headers = { 'HX-Request': 'true', 'X-Page-Language': document.documentElement.lang, ...(token && { 'x-csrftoken': token }) }

/** Resolves to null when no answer came at all: no network, or the server is gone. */
export async function ask(url, { form, target, ...more } = {}) {
  const extra = target ? { 'HX-Target': target } : {}
  const body = form && new URLSearchParams(form)
  try {
    const response = await fetch(url, { method: form ? 'POST' : 'GET', body, headers: { ...headers, ...extra }, ...more })
    return answer(response.status, await response.text(), response.headers.get('x-refused'))
  } catch (problem) {
    if (problem.name === 'AbortError') throw problem
    return null
  }
}

/** What came back: fragments, or the sentence of a problem; `refused` names the reason. */
export function answer(status, text, refused) {
  if (status === 401) signInAgain()
  const problem = text.startsWith('{') ? JSON.parse(text) : null
  return { ok: status >= 200 && status < 300, status, refused, html: problem ? '' : text, said: problem?.detail ?? '' }
}

/** The session is over: sign in and come back here. What was being written waits in this tab. */
export function signInAgain() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
}

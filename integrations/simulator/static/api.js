// Calls of the control API. What goes wrong is said in a toast, and thrown for whoever needs to know.

const ROOT = '/simulator/api'

export async function call(method, path, body) {
  const form = body instanceof FormData
  const answer = await fetch(ROOT + path, {
    method,
    body: body === undefined ? undefined : form ? body : JSON.stringify(body),
    headers: body === undefined || form ? {} : { 'Content-Type': 'application/json' },
  }).catch(() => null)
  if (!answer) return refuse('El simulador no contesta.')
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}))
    return refuse(problem.detail || `El simulador contestó ${answer.status}.`)
  }
  return answer.json()
}

export const get = (path) => call('GET', path)
export const post = (path, body) => call('POST', path, body)

export function toast(words) {
  const bread = document.createElement('div')
  bread.className = 'toast'
  bread.textContent = words
  document.querySelector('#toasts').append(bread)
  setTimeout(() => bread.remove(), 4500)
}

function refuse(words) {
  toast(words)
  throw new Error(words)
}

// JSON with line breaks added and nothing else changed: the escapes stay as they were signed.
import { element } from './dom.js'

const LIMIT = 24000

export function indented(raw) {
  const parts = []
  let depth = 0
  let key = true
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:]+/g
  for (const [word] of raw.slice(0, LIMIT).matchAll(token)) {
    if (word === '{' || word === '[') {
      depth += 1
      parts.push(word)
      key = word === '{'
    } else if (word === '}' || word === ']') {
      depth -= 1
      parts.push(word)
    } else if (word === ',') {
      parts.push(depth > 5 && depth < 9 ? `,\n${'  '.repeat(depth - 5)}` : ', ')
      key = true
    } else if (word === ':') {
      parts.push(':')
      key = false
    } else if (word.startsWith('"') && !key) {
      parts.push(element(word.startsWith('"wamid') ? 'u' : 's', { text: word }))
      key = true
    } else {
      parts.push(word)
    }
  }
  if (raw.length > LIMIT) parts.push('…')
  return parts
}

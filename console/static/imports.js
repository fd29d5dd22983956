// Brings a file as the body of one request, and shows how far it is. The server answers where its page is.
import { headers, signInAgain } from './http.js'

const form = document.getElementById('upload')
const [input, button, bar, said] = ['input', 'button', 'progress', '.say'].map((name) => form.querySelector(name))

function say(text) {
  said.textContent = text
  said.hidden = !text
  bar.hidden = true
  button.disabled = false
}

function bring(file) {
  if (file.size > form.dataset.most * 1024 * 1024) return say(form.dataset.sayLarge)
  say('')
  bar.hidden = false
  button.disabled = true
  const request = new XMLHttpRequest()
  request.open('POST', '/portfolio/imports')
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
  request.setRequestHeader('content-type', 'application/octet-stream')
  request.setRequestHeader('x-file-name', encodeURIComponent(file.name))
  request.upload.onprogress = ({ loaded, total }) => { bar.value = (100 * loaded) / total }
  request.onerror = () => say(form.dataset.sayLost)
  request.onload = () => {
    if (request.status === 401) return signInAgain()
    const answer = request.responseText.startsWith('{') ? JSON.parse(request.responseText) : {}
    if (request.status === 201) return location.assign(answer.location)
    say(answer.detail ?? form.dataset.sayFailed)
  }
  request.send(file)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (input.files[0]) bring(input.files[0])
})
for (const kind of ['dragover', 'dragleave', 'drop']) {
  form.addEventListener(kind, (event) => {
    event.preventDefault()
    form.classList.toggle('over', kind === 'dragover')
    if (kind === 'drop' && event.dataTransfer.files[0]) bring(event.dataTransfer.files[0])
  })
}

// A form of the quiet pages brings the page anew. The focus then stands on what was refused, or where it stood, unless the
// server has put it on what is new (autofocus); and what was done is said aloud, because a page that was just loaded reads
// nothing by itself.
const KEPT = 'aldia.return'
const { pathname } = location
const formsOf = (root) => [...root.querySelectorAll('form[method=post]')]
const listOf = (item) => [...document.querySelectorAll('main ul')].indexOf(item.parentElement)

/** What a form is about, whatever it does next: where it goes and what it carries hidden. */
function aim(form, name) {
  const hidden = [...form.elements].filter((one) => one.type === 'hidden' && one.name !== '_csrf_token')
  return [form.getAttribute('action'), name, ...hidden.map((one) => `${one.name}=${one.value}`)].join(' ')
}

document.addEventListener('submit', ({ target, submitter }) => {
  if (target.method !== 'post' || !target.closest('main')) return
  const item = target.closest('main li')
  const place = item && { list: listOf(item), at: [...item.parentElement.children].indexOf(item) }
  sessionStorage.setItem(KEPT, JSON.stringify({ pathname, aim: aim(target, submitter?.name), value: submitter?.value, place }))
})

/** The first field that was refused, or else the sentence about the whole form. */
function refused(kept) {
  const field = document.querySelector('main :is([aria-invalid=true], fieldset.bad input)')
  field?.closest('details')?.setAttribute('open', '')
  return field ?? (kept && document.querySelector('main .say.bad[role=alert]:not([hidden])'))
}

function back() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null')
  sessionStorage.removeItem(KEPT)
  if (document.querySelector('main [autofocus]')) return
  const wrong = refused(kept)
  if (wrong) return stand(wrong)
  // What was refused stands at the address of its form, and what was taken leads back to that of the page.
  if (!kept || !`${kept.pathname}/`.startsWith(`${pathname}/`)) return
  for (const form of formsOf(document)) {
    const alike = [...form.querySelectorAll('button:not([type=button])')].filter((one) => aim(form, one.name) === kept.aim)
    const button = alike.find((one) => one.value === kept.value) ?? alike[0]
    const within = button?.closest('details:not([open])')
    if (button) return (within?.querySelector('summary') ?? button).focus()
  }
  // It is gone: whatever stands in its place now, or else the page's beginning.
  const items = kept.place && document.querySelectorAll('main ul')[kept.place.list]?.children
  const next = items?.[Math.min(kept.place.at, items.length - 1)]?.querySelector('a[href], button, summary')
  stand(next ?? document.querySelector('main h1'))
}

/** The focus, on what need not be made for it. */
function stand(one) {
  if (!one?.matches('a[href], button, input, select, summary, textarea')) one?.setAttribute('tabindex', '-1')
  one?.focus()
}
back()

const said = document.querySelector('main .say[role=status]:not([autofocus])')
if (said) {
  const aloud = document.createElement('p')
  aloud.className = 'sr'
  aloud.setAttribute('role', 'status')
  document.body.append(aloud)
  setTimeout(() => { aloud.textContent = said.textContent.trim() }, 200)
}

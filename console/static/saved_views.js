// Saved views: loaded after the page, counted again a while after numbers moved, opened with G and a digit.
import { ask } from './http.js'
import { openDeed } from './deeds.js'
import { state, where } from './live.js'
import { act } from './menus.js'
import { afterUpsert, apply, byId } from './upsert.js'

const COUNT_AGAIN = 10_000
const links = () => [...document.querySelectorAll('#saved-views a')]
let due

async function load() {
  clearTimeout(due)
  due = null
  const came = await ask('/inbox/saved-views')
  if (came?.ok) apply(came.html)
}

function markCurrent() {
  for (const link of links()) {
    if (link.dataset.view === state.view && link.dataset.filters === state.filters) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

afterUpsert((element) => {
  if (element.id === 'saved-views') markCurrent()
  // In a flood the numbers of the views move all the time: these are counted, not kept.
  if (element.id === 'counts' && links().length) due ??= setTimeout(load, COUNT_AGAIN)
})
document.addEventListener('list-shown', markCurrent)

export const saveView = () => openDeed(`/inbox/saved-views/new?${where()}`)
export const openSaved = (number) => links()[number - 1]?.click()
act('save-view', saveView)
if (byId('saved-views')) load()

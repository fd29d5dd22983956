// A list that is searched by typing and walked with the arrows, the focus staying in its search field.
const plain = (words) => words.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
const inSight = (list) => [...list.querySelectorAll('li:not([hidden])')]

function choose(list, search, item) {
  for (const other of list.querySelectorAll('[aria-selected=true]')) other.setAttribute('aria-selected', 'false')
  search.removeAttribute('aria-activedescendant')
  if (!item) return
  item.setAttribute('aria-selected', 'true')
  item.scrollIntoView({ block: 'nearest' })
  search.setAttribute('aria-activedescendant', item.id)
}

/** Leaves what has all the words that were typed, the first of it chosen. */
export function narrow(list, search) {
  const words = plain(search.value).split(/\s+/).filter(Boolean)
  for (const item of list.querySelectorAll('li')) item.hidden = !words.every((word) => item.dataset.words.includes(word))
  if (list.querySelector('li')) list.querySelector('.none').hidden = inSight(list).length > 0
  choose(list, search, inSight(list)[0])
}

/** Walks with the arrows and takes with Enter; says whether the key was one of these. */
export function walk(list, search, key, take) {
  const all = inSight(list)
  const here = all.findIndex((item) => item.ariaSelected === 'true')
  const step = { ArrowDown: 1, ArrowUp: -1 }[key]
  if (step && all.length) choose(list, search, all[(here + step + all.length) % all.length])
  else if (key === 'Enter' && all[here]) take(all[here])
  else return false
  return true
}

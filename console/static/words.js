// What scripts say, in the page's language (gettext): the Spanish stands where it is said, its translation on the page.
export const language = document.documentElement.lang
const table = JSON.parse(document.querySelector('meta[name=words]')?.content ?? '{}')
const rules = new Intl.PluralRules(language)
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (blank, name) => values[name] ?? blank)

/** A sentence written out in Spanish; what is computed stands in braces and is given by name. Text, never markup. */
export const _ = (text, values = {}) => filled(table[text] ?? text, values)

/** The same of what is counted: `{n}` is the count. */
export const ngettext = (one, many, n, values = {}) =>
  filled((table[one] ?? [one, many])[Number(rules.select(n) !== 'one')], { n, ...values })

/** `Ana, Bea y Carla` */
export const listed = (names) => new Intl.ListFormat(language, { type: 'conjunction' }).format(names)

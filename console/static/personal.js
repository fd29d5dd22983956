// What is one's own looks different: by a rule about this agent, not by different HTML.
const id = CSS.escape(document.body.dataset.agent)
const sheet = new CSSStyleSheet()
sheet.replaceSync(`
  .entry[data-author="agent-${id}"] .by .mine { display: inline }
  .entry[data-author="agent-${id}"] .by .theirs { display: none }
  .entry.note[data-author="agent-${id}"] { align-items: flex-end }
  .entry.note[data-author="agent-${id}"] .msg { border-radius: var(--r-lg) var(--r-lg) 4px var(--r-lg) }
  .mention[data-agents~="${id}"] { background: var(--accent); color: var(--on-accent) }
  .row[data-holder="${id}"] .holder { display: none }
  #pane:has(.head[data-holder="${id}"]) .secret .ib { display: inline-grid }
  .here li[data-agent="${id}"] { display: none }
`)
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]

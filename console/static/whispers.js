// What who leads says softly: fetched with the conversation, and put in its place in the thread.
import { ask } from './http.js'
import { parse, upsert } from './upsert.js'

document.addEventListener('pane-shown', async ({ detail: id }) => {
  const came = await ask(`/inbox/${id}/whispers`)
  if (came?.ok) for (const said of parse(came.html)) upsert(said, { paged: true })
})

// The inbox page: puts its parts to work.
import './personal.js'
import './media.js'
import './viewer.js'
import './canned.js'
import './mentions.js'
import './attachments.js'
import './voice.js'
import './emoji.js'
import './keyboard.js'
import './tags.js'
import './search.js'
import './saved_views.js'
import './deeds.js'
import './notices.js'
import './queue.js'
import './whispers.js'
import './reveal.js'
import { connect } from './live.js'
import { start } from './pane.js'

start()
connect()

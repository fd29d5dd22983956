// The inbox page: puts its parts to work.
import './personal.js'
import './menus.js'
import './media.js'
import './keyboard.js'
import { connect, connectNow } from './live.js'
import { act, leaveLater } from './menus.js'
import { afterUpsert } from './upsert.js'
import * as list from './list.js'
import * as pane from './pane.js'

act('reconnect', connectNow)
afterUpsert((element) => element.classList.contains('toast') && leaveLater(element))
list.start()
pane.start()
connect()

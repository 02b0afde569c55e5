/** What happens when a session ends, however it does: a window that is closed, a network that breaks, a kick. */
import type { HandlerContext } from 'sallyport/worker'
import { type ChatSession, channelOf } from './_chat.js'

/** Tells those who stay. The session has left its channels already, and can still be read. */
export function onClose(session: ChatSession, _reason: string, context: HandlerContext) {
  const room = session.get('room')
  if (room !== undefined) channelOf(room, context).broadcast('room.left', { id: session.id })
}

/** The hook for the end of a session, whatever the reason: a closed window, a broken network, a kick. */
import type { HandlerContext } from 'sallyport/worker'
import { type ChatSession, channelOf } from './_chat.js'

/** Tells the others in the room. The session has left its channels already, but can still be read. */
export function onClose(session: ChatSession, _reason: string, context: HandlerContext) {
  const room = session.get('room')
  if (room !== undefined) channelOf(room, context).broadcast('room.left', { id: session.id })
}

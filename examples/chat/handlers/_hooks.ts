/** The hooks for people whose connection is lost, and for the end of a session, whatever the reason. */
import type { DropInfo, HandlerContext, ResumeInfo } from 'sallyport/worker'
import { type ChatSession, channelOf } from './_chat.js'

/** Tells the others in the room. The session has left its channels already, but can still be read. */
export function onClose(session: ChatSession, _reason: string, context: HandlerContext) {
  const room = session.get('room')
  if (room !== undefined) channelOf(room, context).broadcast('room.left', { id: session.id })
}

/** Tells the others that a person is away, and may come back. */
export function onDrop(session: ChatSession, _info: DropInfo, context: HandlerContext) {
  const room = session.get('room')
  if (room !== undefined)
    channelOf(room, context).broadcast('room.away', { id: session.id }, { except: session })
}

/** Tells the others that the person is back. */
export function onResume(session: ChatSession, _info: ResumeInfo, context: HandlerContext) {
  const room = session.get('room')
  const told = { except: session }
  if (room !== undefined) channelOf(room, context).broadcast('room.back', { id: session.id }, told)
}

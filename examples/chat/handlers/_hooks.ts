/** The hooks for people whose connection is lost, and for the end of a session, whatever the reason. */
import type { DropInfo, HandlerContext, ResumeInfo } from 'sallyport/worker'
import { type ChatSession, channelOf } from './_chat.js'

/** Tells the others in the room. The session has left its channels already, but can still be read. */
export function onClose(session: ChatSession, _reason: string, context: HandlerContext) {
  tellOthers('room.left', session, context)
}

/** Tells the others that a person is away, and may come back. */
export function onDrop(session: ChatSession, _info: DropInfo, context: HandlerContext) {
  tellOthers('room.away', session, context)
}

export function onResume(session: ChatSession, _info: ResumeInfo, context: HandlerContext) {
  tellOthers('room.back', session, context)
}

function tellOthers(event: string, session: ChatSession, context: HandlerContext) {
  const room = session.get('room')
  if (room !== undefined) channelOf(room, context).broadcast(event, { id: session.id }, { except: session })
}

/** Messages in a room. Each event says what may happen to it when a client reads slowly. */
import type { HandlerContext } from 'sallyport/worker'
import { type ChatSession, expectRoom, expectText, personOf } from './_chat.js'

/** Sends a message to all in the room, the sender included, so that all see the same order. */
export function say(body: { text: string }, session: ChatSession, context: HandlerContext) {
  const room = expectRoom(session, context)
  const text = expectText(body?.text)
  session.set('said', (session.get('said') ?? 0) + 1)
  session.push('said')
  const { id, name, said } = personOf(session)
  // `reliable` is the default: every client receives each message.
  room.broadcast('message.said', { id, name, text, at: Date.now() })
  // Only the newest count of each person matters.
  room.broadcast('message.score', { id, said }, { delivery: 'latest', key: String(id) })
}

/** Shows the others that a person is typing. A late notice would be wrong, so slow clients do not get it. */
export function typing(_body: unknown, session: ChatSession, context: HandlerContext) {
  const room = expectRoom(session, context)
  room.broadcast('message.typing', { id: session.id }, { delivery: 'volatile', except: session })
}

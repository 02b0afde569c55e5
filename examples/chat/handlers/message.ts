/** What is said in a room. Each event says what may become of it for a client that is slow to read. */
import type { HandlerContext } from 'sallyport/worker'
import { type ChatSession, expectRoom, expectText, personOf } from './_chat.js'

/** Says something to all in the room, the sender included: so all see the same order. */
export function say(body: { text: string }, session: ChatSession, context: HandlerContext) {
  const room = expectRoom(session, context)
  const text = expectText(body?.text)
  session.set('said', (session.get('said') ?? 0) + 1)
  session.push('said')
  const { id, name, said } = personOf(session)
  // Reliable, as nothing else is asked for: nobody may miss a message.
  room.broadcast('message.said', { id, name, text, at: Date.now() })
  // Of the counts of one person only the newest matters.
  room.broadcast('message.score', { id, said }, { delivery: 'latest', key: String(id) })
}

/** Shows the others that somebody types. Late it would be wrong, so who is behind does not get it. */
export function typing(_body: unknown, session: ChatSession, context: HandlerContext) {
  const room = expectRoom(session, context)
  room.broadcast('message.typing', { id: session.id }, { delivery: 'volatile', except: session })
}

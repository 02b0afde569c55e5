/**
 * Rooms: entering, leaving, and who is there. A session is in one room at a time; `_hooks.ts` has the end of
 * a session.
 */
import type { Channel, HandlerContext } from 'sallyport/worker'
import { type ChatSession, type ChatSettings, channelOf, expectName, type Person, personOf } from './_chat.js'

/** Greatest number of people that a newcomer is told about. */
const mostPeople = 200

/** Enters a room under a name, and replies with the people who are there. */
export async function enter(
  body: { name: string; room: string },
  session: ChatSession,
  context: HandlerContext
) {
  const name = expectName(body?.name, 'NAME_INVALID')
  const room = expectName(body?.room, 'ROOM_INVALID')
  leave(undefined, session, context)

  // In this example, any client may take any name. A real game checks a password or a token before it binds.
  if (session.uid !== null && session.uid !== name) await session.aunbind(session.uid)
  await session.abind(name)

  const channel = channelOf(room, context)
  await channel.ajoin()
  session.set('room', room)
  session.set('said', 0)
  await session.acommit()
  channel.broadcast('room.entered', personOf(session), { except: session })
  return describeRoom(room, session, context)
}

/** Replies as `enter` does, to a page that was loaded again; null for a session that is in no room. */
export function here(_body: unknown, session: ChatSession, context: HandlerContext) {
  const room = session.get('room')
  return room === undefined ? null : describeRoom(room, session, context)
}

async function describeRoom(room: string, session: ChatSession, context: HandlerContext) {
  const people = await listPeople(channelOf(room, context), context)
  return { room, me: session.id, name: session.uid!, people }
}

/** Leaves the room, and tells the others. Does nothing for a session that is in no room. */
export function leave(_body: unknown, session: ChatSession, context: HandlerContext) {
  const room = session.get('room')
  if (room === undefined) return
  const channel = channelOf(room, context)
  channel.leave()
  channel.broadcast('room.left', { id: session.id })
  session.remove('room')
  session.push('room')
}

/** Lists the people in a room. Counts are kept in their sessions, so workers keep no state. */
async function listPeople(channel: Channel, context: HandlerContext): Promise<Person[]> {
  const members = await channel.members({ limit: mostPeople })
  const sessions = await Promise.all(
    members.map(({ address }) => context.sessions.aget<ChatSettings>(address.frontendId, address.sid))
  )
  // A person may have left since; their session is gone then.
  return sessions.filter(session => session !== undefined).map(personOf)
}

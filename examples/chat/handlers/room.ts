/** Rooms: who comes in, who is there, who goes. A session is in one room at a time; when it ends: _hooks.ts. */
import type { Channel, HandlerContext } from 'sallyport/worker'
import { type ChatSession, type ChatSettings, channelOf, expectName, type Person, personOf } from './_chat.js'

/** People that somebody who comes in is told of, at most. */
const mostPeople = 200

/** Enters a room under a name, and answers who is there. */
export async function enter(
  body: { name: string; room: string },
  session: ChatSession,
  context: HandlerContext
) {
  const name = expectName(body?.name, 'NAME_INVALID')
  const room = expectName(body?.room, 'ROOM_INVALID')
  leave(undefined, session, context)

  // Anybody may be anybody here. A game looks at a password or a token before it binds.
  if (session.uid !== null && session.uid !== name) await session.aunbind(session.uid)
  await session.abind(name)

  const channel = channelOf(room, context)
  await channel.ajoin()
  session.set('room', room)
  session.set('said', 0)
  await session.apushAll()
  channel.broadcast('room.entered', personOf(session), { except: session })
  return { room, me: session.id, people: await listPeople(channel, context) }
}

/** Leaves the room, and tells those who stay. Of one who is in none: does nothing. */
export function leave(_body: unknown, session: ChatSession, context: HandlerContext) {
  const room = session.get('room')
  if (room === undefined) return
  const channel = channelOf(room, context)
  channel.leave()
  channel.broadcast('room.left', { id: session.id })
  session.remove('room')
  session.push('room')
}

/** Counts are kept in the sessions, so that no worker needs to remember anything, and none forgets it. */
async function listPeople(channel: Channel, context: HandlerContext): Promise<Person[]> {
  const members = await channel.members({ limit: mostPeople })
  const sessions = await Promise.all(
    members.map(({ address }) => context.sessions.aget<ChatSettings>(address.frontendId, address.sid))
  )
  // Who has gone in between is no session any more.
  return sessions.filter(session => session !== undefined).map(personOf)
}

/** The requests of the arena's players. All but `choose` run in the worker that keeps the player's room. */
import { type HandlerContext, RequestError } from 'sallyport/worker'
import { height, mostPlayers, width } from './_room.js'
import { type ArenaSession, channelName, findRoom, leaveRoom, openRoom } from './_world.js'

/** Names: letters and digits of any language and a few signs, as in the chat. */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'’-]{0,15}$/u

/** Chooses a name and a room. From the next request on, the session runs in the room's worker. */
export async function choose(
  body: { name: string; room: string },
  session: ArenaSession,
  context: HandlerContext
) {
  const name = expectName(body?.name, 'NAME_INVALID')
  const room = expectName(body?.room, 'ROOM_INVALID')
  leave(undefined, session, context)
  session.set('name', name)
  session.set('room', room)
  // Not apushAll, which would also send `found` as it was: the clock may have counted coins since.
  await session.acommit()
  return { name, room }
}

/** Enters the chosen room. Also used to enter again after the worker ended and took the room with it. */
export async function enter(_body: unknown, session: ArenaSession, context: HandlerContext) {
  const [name, roomName] = [session.get('name'), session.get('room')]
  if (name === undefined || roomName === undefined) throw new RequestError('NO_ROOM', 'Choose a room first')
  const room = openRoom(roomName)
  if (!room.has(session.id)) {
    if (room.size >= mostPlayers) throw new RequestError('ROOM_FULL', `The room has ${mostPlayers} players`)
    room.add(session.id, name)
  }
  await context.channel(channelName(roomName)).ajoin()
  const { born } = room
  const found = session.get('found') ?? 0
  return { me: session.id, name, room: roomName, width, height, born, found, worker: context.worker.index }
}

/** Sets the direction to run in. It is a notify: it needs no reply, and only the last one counts. */
export function move(body: { dx: number; dy: number }, session: ArenaSession) {
  const { dx, dy } = body ?? {}
  if (!isDirection(dx) || !isDirection(dy)) {
    throw new RequestError('DIRECTION_INVALID', 'dx and dy are numbers from -1 to 1')
  }
  const room = findRoom(session.get('room') ?? '')
  room?.turn(session.id, dx, dy)
}

export function leave(_body: unknown, session: ArenaSession, context: HandlerContext) {
  const room = session.get('room')
  if (room === undefined) return
  leaveRoom(room, session.id)
  context.channel(channelName(room)).leave()
  session.remove('room')
  session.push('room')
}

/**
 * Ends the room's worker, as a fault in a game would, to show the consequences. No real game should offer
 * this.
 */
export function crash(): never {
  process.exit(1)
}

function isDirection(value: unknown): value is number {
  return typeof value === 'number' && value >= -1 && value <= 1
}

function expectName(value: unknown, code: 'NAME_INVALID' | 'ROOM_INVALID'): string {
  const name = typeof value === 'string' ? value.normalize().trim() : ''
  if (namePattern.test(name)) return name
  const field = code === 'NAME_INVALID' ? 'Your name' : "The room's name"
  const rule = "has 1 to 16 letters, digits, spaces and . _ - ', and begins with a letter or a digit"
  throw new RequestError(code, `${field} ${rule}`)
}

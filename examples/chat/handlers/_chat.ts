/** What the chat's handlers share: what a session holds, what clients see of it, and checks of what clients send. */
import { type BackendSession, type Channel, type HandlerContext, RequestError } from 'sallyport/worker'

/** What a session of the chat holds. The person's name is the session's uid. */
export interface ChatSettings {
  /** The room that the session is in. */
  room: string
  /** How many messages it has sent there. */
  said: number
}

export type ChatSession = BackendSession<ChatSettings>

/** Somebody in a room. Two windows with one name are two: what tells them apart is their session's number. */
export interface Person {
  readonly id: number
  readonly name: string
  /** Messages in this room: what the scoreboard counts. */
  readonly said: number
}

/** Letters and digits of any language and a few signs: nothing invisible, nothing that turns the line around. */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'’-]{0,23}$/u

const longestText = 500

export function personOf(session: ChatSession): Person {
  return { id: session.id, name: session.uid ?? '', said: session.get('said') ?? 0 }
}

/** A room is a channel. The word before its name keeps it apart from channels that no client may name. */
export function channelOf(room: string, context: HandlerContext): Channel {
  return context.channel(`room ${room}`)
}

/** The channel of the room that the session is in. */
export function expectRoom(session: ChatSession, context: HandlerContext): Channel {
  const room = session.get('room')
  if (room === undefined) throw new RequestError('NOT_IN_A_ROOM', 'Enter a room first')
  return channelOf(room, context)
}

/** A name of a person or a room, as it is shown. Clients can send anything, so nothing is taken for granted. */
export function expectName(value: unknown, code: 'NAME_INVALID' | 'ROOM_INVALID'): string {
  const name = typeof value === 'string' ? value.normalize().replace(/\s+/g, ' ').trim() : ''
  if (namePattern.test(name)) return name
  throw new RequestError(
    code,
    "A name has 1 to 24 letters, digits, spaces and . _ - ' and begins with none of these"
  )
}

export function expectText(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : ''
  if (text !== '' && text.length <= longestText) return text
  throw new RequestError('TEXT_INVALID', `A message has 1 to ${longestText} characters`)
}

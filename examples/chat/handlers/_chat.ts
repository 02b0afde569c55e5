/**
 * Shared parts of the chat's handlers: the types of sessions and people, and checks of input from clients.
 */
import { type BackendSession, type Channel, type HandlerContext, RequestError } from 'sallyport/worker'

/** Settings of a session of the chat. The person's name is the session's uid. */
export interface ChatSettings {
  /** Room that the session is in. */
  room: string
  /** Messages that it has sent in this room. */
  said: number
}

export type ChatSession = BackendSession<ChatSettings>

/** A person in a room. Two windows with the same name are two persons, told apart by their session ids. */
export interface Person {
  readonly id: number
  readonly name: string
  /** Messages in this room, for the scoreboard. */
  readonly said: number
  /** Whether their connection is lost, and they may come back. */
  readonly isAway: boolean
}

/**
 * Letters and digits of any language and a few signs: nothing invisible, and nothing that changes the
 * direction of text.
 */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'’-]{0,23}$/u

const longestText = 500

export function personOf(session: ChatSession): Person {
  return {
    id: session.id,
    name: session.uid ?? '',
    said: session.get('said') ?? 0,
    isAway: !session.isConnected
  }
}

/** Returns the channel of a room. Its prefix separates it from channels that no client may name. */
export function channelOf(room: string, context: HandlerContext): Channel {
  return context.channel(`room ${room}`)
}

/** Returns the channel of the session's room. */
export function expectRoom(session: ChatSession, context: HandlerContext): Channel {
  const room = session.get('room')
  if (room === undefined) throw new RequestError('NOT_IN_A_ROOM', 'Enter a room first')
  return channelOf(room, context)
}

/**
 * Checks the name of a person or a room, and returns it as it is shown. Clients can send anything, so nothing
 * is assumed.
 */
export function expectName(value: unknown, code: 'NAME_INVALID' | 'ROOM_INVALID'): string {
  const name = typeof value === 'string' ? value.normalize().replace(/\s+/g, ' ').trim() : ''
  if (namePattern.test(name)) return name
  const field = code === 'NAME_INVALID' ? 'Your name' : "The room's name"
  const rule = "has 1 to 24 letters, digits, spaces and . _ - ', and begins with a letter or a digit"
  throw new RequestError(code, `${field} ${rule}`)
}

export function expectText(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : ''
  if (text !== '' && text.length <= longestText) return text
  throw new RequestError('TEXT_INVALID', `A message has 1 to ${longestText} characters`)
}

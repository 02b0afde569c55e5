/**
 * The JSON of Pomelo's handshake and kick packages. A handshake is read leniently where clients in use differ
 * (a missing type, a version as a number) and strictly elsewhere; what is written is ASCII, so that every
 * client reads it. Whether a client is let in, and what its `user` part means, is decided elsewhere.
 */
import { errors, GatewayError } from '../errors.js'
import { decodeUtf8, escapeNonAscii } from '../utf8.js'
import { isDeeper } from './depth.js'
import { parseResumeRequest, type ResumeReply, type ResumeRequest } from './resume.js'

/** What both sides call it under `sys.bodies`. */
export const richForm = 'superjson'

export interface HandshakeRequest {
  /** The client's library, such as `js-websocket`; `''` if it doesn't say. */
  readonly type: string
  /** That library's version; `''` if it doesn't say. */
  readonly version: string
  /** The version of the dictionary that the client kept from an earlier connection. */
  readonly dictVersion: string | undefined
  /** Whether the client understands bit 5 of a reply's flag: "this is an error". */
  readonly errorFlag: boolean
  /** The client counts messages, and may want an earlier session back; undefined: it knows nothing of it. */
  readonly resume: ResumeRequest | undefined
  /** Whether the client wants bodies in superjson's form, both ways. */
  readonly richBodies: boolean
  /** What the game's own client code put in. */
  readonly user: unknown
}

export type HandshakeReply =
  | {
      readonly code: 200
      /** Seconds between heartbeats; 0 for none. */
      readonly heartbeat: number
      /** Left out for a client that has this version already. */
      readonly dict: Readonly<Record<string, number>> | undefined
      readonly dictVersion: string
      readonly useDict: boolean
      /** What became of the client's wish; undefined: it can't resume. */
      readonly resume?: ResumeReply | undefined
      /** Whether bodies are in superjson's form, both ways. */
      readonly richBodies?: boolean
      /** Bytes that a body of the client may take. */
      readonly maxBodyBytes?: number
      readonly user?: unknown
    }
  | { readonly code: 500 | 501; readonly user?: unknown }

/**
 * `maxDepth`: levels of arrays and objects that it may have.
 *
 * @throws FRAME_MALFORMED with what was wrong.
 */
export function parseHandshake(body: Uint8Array, maxDepth = 64): HandshakeRequest {
  const handshake = parseJson(body, maxDepth)
  if (!isObject(handshake)) throw errors.frameMalformed('a handshake is a JSON object')
  const { sys } = handshake
  if (!isObject(sys)) throw errors.frameMalformed('a handshake has an object "sys"')
  return {
    type: expectText('type', sys.type),
    version: expectText('version', sys.version),
    // Clients without a dictionary send 0 or '' here as often as nothing.
    dictVersion: sys.dictVersion === 0 ? undefined : expectText('dictVersion', sys.dictVersion) || undefined,
    errorFlag: sys.errorFlag === true,
    resume: parseResumeRequest(sys.resume),
    richBodies: sys.bodies === richForm,
    user: handshake.user
  }
}

function parseJson(body: Uint8Array, maxDepth: number): unknown {
  try {
    const text = decodeUtf8(body)
    if (!isDeeper(text, maxDepth)) return JSON.parse(text)
  } catch (error) {
    throw errors.frameMalformed(
      error instanceof GatewayError ? 'the text of a handshake is UTF-8' : 'a handshake is JSON'
    )
  }
  throw errors.frameMalformed(`a handshake is nested at most ${maxDepth} levels deep`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text; `''` for nothing. A number counts as its text: older servers numbered their dictionaries. */
function expectText(name: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') throw errors.frameMalformed(`"sys.${name}" of a handshake is a string`)
  return value
}

/** The gateway's half of the handshake, as the text of its package. */
export function formatHandshake(reply: HandshakeReply): string {
  const sys = reply.code === 200 ? `,"sys":${formatSys(reply)}` : ''
  // Not a value of JSON (a function, say) becomes undefined, and is left out as JSON.stringify would.
  const user: string | undefined = JSON.stringify(reply.user)
  return escapeNonAscii(`{"code":${reply.code}${sys}${user === undefined ? '' : `,"user":${user}`}}`)
}

function formatSys(reply: HandshakeReply & { code: 200 }): string {
  const { heartbeat, dict, dictVersion, useDict, resume, richBodies, maxBodyBytes } = reply
  const members: string[] = []
  if (heartbeat > 0) members.push(`"heartbeat":${heartbeat}`)
  if (useDict) {
    if (dict !== undefined) members.push(`"dict":${formatDict(dict)}`)
    members.push(`"dictVersion":${JSON.stringify(dictVersion)}`, '"useDict":true')
  }
  if (resume !== undefined) members.push(`"resume":${JSON.stringify(resume)}`)
  if (richBodies === true) members.push(`"bodies":"${richForm}"`)
  if (maxBodyBytes !== undefined) members.push(`"maxBodyBytes":${maxBodyBytes}`)
  return `{${members.join(',')}}`
}

/** Written entry by entry: nothing is copied through an object that takes `__proto__` for its prototype. */
function formatDict(dict: Readonly<Record<string, number>>): string {
  return `{${Object.entries(dict)
    .map(([route, code]) => `${JSON.stringify(route)}:${code}`)
    .join(',')}}`
}

/** What a kick package tells its client. */
export function formatKick(reason: string): string {
  return escapeNonAscii(`{"reason":${JSON.stringify(reason)}}`)
}

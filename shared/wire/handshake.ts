/**
 * Reads and writes the JSON of Pomelo's handshake and kick packages.
 * Reading is lenient where existing clients differ (a missing type, a version as a number), and strict
 * elsewhere. Texts are written in ASCII, so that every client can read them. Whether a client is accepted,
 * and what its `user` part means, is decided elsewhere.
 */

import { decodeUtf8, escapeNonAscii } from '../utf8.js'
import { GatewayError, wireErrors } from '../wire-errors.js'
import { isDeeper } from './depth.js'
import { parseResumeRequest, type ResumeReply, type ResumeRequest } from './resume.js'

/** The value of `sys.bodies` by which both sides agree on rich bodies. */
export const richForm = 'superjson'

export interface HandshakeRequest {
  /** The name of the client's library, such as `js-websocket`; `''` if it is missing. */
  readonly type: string
  /** The version of the client's library; `''` if it is missing. */
  readonly version: string
  /** The version of the route dictionary that the client has cached from an earlier connection. */
  readonly dictVersion: string | undefined
  /** Whether the client understands bit 5 of a reply's flag: "this is an error". */
  readonly errorFlag: boolean
  /** The client's request to resume; undefined for a client that does not support it. */
  readonly resume: ResumeRequest | undefined
  /** Whether the client asks for rich bodies, in both directions. */
  readonly richBodies: boolean
  /** Whether the client asks whether the gateway reads a `traceparent`. */
  readonly traced: boolean
  /** The part that the game's own client code has added. */
  readonly user: unknown
}

export type HandshakeReply =
  | {
      readonly code: 200
      /** Seconds between heartbeats; 0 for none. */
      readonly heartbeat: number
      /** The route dictionary; undefined for a client that has this version already. */
      readonly dict: Readonly<Record<string, number>> | undefined
      readonly dictVersion: string
      readonly useDict: boolean
      /** The answer to a request to resume; undefined for a client that can't resume. */
      readonly resume?: ResumeReply | undefined
      /** Whether bodies are rich, in both directions. */
      readonly richBodies?: boolean
      /** Whether to say that requests and notifies may have a `traceparent`. */
      readonly traced?: boolean
      /** Maximum size in bytes of a body that the client sends. */
      readonly maxBodyBytes?: number
      readonly user?: unknown
    }
  | { readonly code: 500 | 501; readonly user?: unknown }

/**
 * Parses a client's handshake. `maxDepth`: the maximum nesting of arrays and objects.
 *
 * @throws `FRAME_MALFORMED` with the reason
 */
export function parseHandshake(body: Uint8Array, maxDepth = 64): HandshakeRequest {
  const handshake = parseJson(body, maxDepth)
  if (!isObject(handshake)) throw wireErrors.frameMalformed('a handshake is a JSON object')
  const { sys } = handshake
  if (!isObject(sys)) throw wireErrors.frameMalformed('a handshake has an object "sys"')
  return {
    type: expectText('type', sys.type),
    version: expectText('version', sys.version),
    // Clients without a dictionary send 0, '' or nothing here.
    dictVersion: sys.dictVersion === 0 ? undefined : expectText('dictVersion', sys.dictVersion) || undefined,
    errorFlag: sys.errorFlag === true,
    resume: parseResumeRequest(sys.resume),
    richBodies: sys.bodies === richForm,
    traced: sys.traceparent === true,
    user: handshake.user
  }
}

function parseJson(body: Uint8Array, maxDepth: number): unknown {
  try {
    const text = decodeUtf8(body)
    if (!isDeeper(text, maxDepth)) return JSON.parse(text)
  } catch (error) {
    throw wireErrors.frameMalformed(
      error instanceof GatewayError ? 'the text of a handshake is UTF-8' : 'a handshake is JSON'
    )
  }
  throw wireErrors.frameMalformed(`a handshake is nested at most ${maxDepth} levels deep`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads a string; `''` if it is missing. A number is read as its text, since older servers used numbers as
 * versions.
 */
function expectText(name: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') throw wireErrors.frameMalformed(`"sys.${name}" of a handshake is a string`)
  return value
}

/** Returns the gateway's half of the handshake, as the text of its package. */
export function formatHandshake(reply: HandshakeReply): string {
  const sys = reply.code === 200 ? `,"sys":${formatSys(reply)}` : ''
  // A value without a JSON form, such as a function, becomes undefined. It is left out, as JSON.stringify
  // does.
  const user: string | undefined = JSON.stringify(reply.user)
  return escapeNonAscii(`{"code":${reply.code}${sys}${user === undefined ? '' : `,"user":${user}`}}`)
}

function formatSys(reply: HandshakeReply & { code: 200 }): string {
  const { heartbeat, dict, dictVersion, useDict, resume, richBodies, traced, maxBodyBytes } = reply
  const members: string[] = []
  if (heartbeat > 0) members.push(`"heartbeat":${heartbeat}`)
  if (useDict) {
    if (dict !== undefined) members.push(`"dict":${formatDict(dict)}`)
    members.push(`"dictVersion":${JSON.stringify(dictVersion)}`, '"useDict":true')
  }
  if (resume !== undefined) members.push(`"resume":${JSON.stringify(resume)}`)
  if (richBodies === true) members.push(`"bodies":"${richForm}"`)
  if (traced === true) members.push('"traceparent":true')
  if (maxBodyBytes !== undefined) members.push(`"maxBodyBytes":${maxBodyBytes}`)
  return `{${members.join(',')}}`
}

/**
 * Writes the dictionary entry by entry: copying it to another object would make a prototype of `__proto__`.
 */
function formatDict(dict: Readonly<Record<string, number>>): string {
  return `{${Object.entries(dict)
    .map(([route, code]) => `${JSON.stringify(route)}:${code}`)
    .join(',')}}`
}

/** Returns the text of a kick package. */
export function formatKick(reason: string): string {
  return escapeNonAscii(`{"reason":${JSON.stringify(reason)}}`)
}

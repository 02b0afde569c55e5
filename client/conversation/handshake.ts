/**
 * The client's half of the handshake. Encodes the client's description of itself, and decodes the gateway's
 * answer.
 */

import { richForm } from '../../shared/wire/handshake.js'
import type { ResumePoint, ResumeReply } from '../../shared/wire/resume.js'
import { wireErrors } from '../../shared/wire-errors.js'
import { expectUser } from '../base/user.js'

/** The content of the client's handshake. */
export interface ClientHandshake {
  readonly dictVersion: string | undefined
  readonly resume: ResumePoint | undefined
  readonly user: unknown
  /** Whether to ask if the gateway reads a `traceparent`. */
  readonly traced: boolean
}

/** The gateway's answer to the handshake. */
export type HandshakeAnswer =
  | {
      readonly accepted: true
      readonly dict: Readonly<Record<string, number>> | undefined
      readonly dictVersion: string | undefined
      readonly resume: ResumeReply | undefined
      /** Longest milliseconds between heartbeats; Infinity: any; undefined: the server knows no heartbeat. */
      readonly heartbeat: number | undefined
      /** Whether bodies are in superjson's form, in both directions. */
      readonly rich: boolean
      /** Whether requests and notifies may have a `traceparent`. */
      readonly traced: boolean
      /** Largest body in bytes; undefined: the gateway does not say. */
      readonly maxBodyBytes: number | undefined
      readonly user: unknown
    }
  | { readonly accepted: false; readonly outdated: boolean; readonly user: unknown }

/** Name and version by which the gateway recognizes our own client and its version of the protocol. */
const type = 'sallyport'
const version = '1'

/**
 * Encodes the client's handshake.
 *
 * @throws ClientError `OPTION_INVALID` for a `user` that JSON cannot hold; only undefined members may be lost
 */
export function encodeHandshake({ dictVersion, resume, user, traced }: ClientHandshake): Uint8Array {
  const asked = {
    errorFlag: true,
    bodies: richForm,
    resume: resume ?? true,
    ...(traced && { traceparent: true })
  }
  const sys = { type, version, dictVersion, ...asked }
  expectUser(user)
  return new TextEncoder().encode(JSON.stringify({ sys, user }))
}

/**
 * Decodes the gateway's answer to the handshake.
 *
 * @throws `FRAME_MALFORMED`
 */
export function decodeHandshake(body: Uint8Array): HandshakeAnswer {
  const answer = JSON.parse(new TextDecoder().decode(body)) as {
    code?: unknown
    sys?: {
      dict?: Record<string, number>
      dictVersion?: string
      resume?: ResumeReply
      bodies?: string
      heartbeat?: unknown
      maxBodyBytes?: number
      traceparent?: boolean
    }
    user?: unknown
  }
  if (typeof answer?.code !== 'number')
    throw wireErrors.frameMalformed('the answer to a handshake has a code')
  const { code, sys, user } = answer
  if (code !== 200) return { accepted: false, outdated: code === 501, user }
  const rich = sys?.bodies === richForm
  const traced = sys?.traceparent === true
  const { dict, dictVersion, resume, maxBodyBytes } = sys ?? {}
  const heartbeat = readHeartbeat(sys?.heartbeat, rich)
  return { accepted: true, dict, dictVersion, resume, heartbeat, rich, traced, maxBodyBytes, user }
}

/**
 * Sallyport answers heartbeats, also if it asks for none. A server of Pomelo that asks for none, or for one
 * each 0 seconds, does not.
 */
function readHeartbeat(seconds: unknown, isSallyport: boolean): number | undefined {
  if (typeof seconds === 'number' && seconds > 0) return seconds * 1_000
  return isSallyport ? Number.POSITIVE_INFINITY : undefined
}

/** Returns the reason of a refusal, for people. */
export function describeRefusal({ outdated, user }: HandshakeAnswer & { accepted: false }): string {
  if (outdated) return 'this client is too old'
  const told = (user as { reason?: unknown } | undefined | null)?.reason
  return typeof told === 'string' ? told : 'see its data'
}

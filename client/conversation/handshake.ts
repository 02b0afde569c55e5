/** The client's half of the handshake: what it says of itself, and what it reads from the answer. */

import { encodePlain } from '../../shared/bodies/plain-body.js'
import { describeValue } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import { richForm } from '../../shared/wire/handshake.js'
import type { ResumePoint, ResumeReply } from '../../shared/wire/resume.js'
import type { ClientError } from '../base/client-error.js'
import { refuseOption } from '../base/options.js'

/** What a client says at its handshake. */
export interface ClientHandshake {
  readonly dictVersion: string | undefined
  readonly resume: ResumePoint | undefined
  readonly user: unknown
}

/** What a gateway has answered. */
export type HandshakeAnswer =
  | {
      readonly accepted: true
      readonly dict: Readonly<Record<string, number>> | undefined
      readonly dictVersion: string | undefined
      readonly resume: ResumeReply | undefined
      /** Seconds; undefined: the gateway wants to hear nothing. */
      readonly heartbeat: number | undefined
      /** Whether bodies are in superjson's form, both ways. */
      readonly rich: boolean
      /** Bytes that a body may take; undefined: the gateway does not say. */
      readonly maxBodyBytes: number | undefined
      readonly user: unknown
    }
  | { readonly accepted: false; readonly outdated: boolean; readonly user: unknown }

/** By which the gateway knows our own client, and its version of the protocol. */
const type = 'sallyport'
const version = '1'

/** @throws ClientError `OPTION_INVALID` for a `user` of which JSON would lose anything but an undefined member */
export function encodeHandshake({ dictVersion, resume = undefined, user }: ClientHandshake): Uint8Array {
  const sys = { type, version, dictVersion, errorFlag: true, bodies: richForm, resume: resume ?? true }
  // Walked first, since this names a Promise, a Map or a circle by its path.
  encodePlain(user, refuseUser)
  return new TextEncoder().encode(JSON.stringify({ sys, user }, expectKept))
}

/** Refuses what JSON would leave out or make null: a gateway would take the client for nobody. */
function expectKept(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const { [key]: given } = this
  const isLeaf = typeof value !== 'object' || value === null
  if (isLeaf && (given ?? null) !== null && (JSON.stringify(value) ?? 'null') === 'null')
    throw refuseUser(key, describeValue(given))
  return value
}

function refuseUser(path: string, what: string): ClientError {
  return refuseOption(`Expected \`user\` to have a form in JSON, got ${what} at ${path || 'its top'}`)
}

/** @throws `FRAME_MALFORMED` */
export function decodeHandshake(body: Uint8Array): HandshakeAnswer {
  const answer = JSON.parse(new TextDecoder().decode(body)) as {
    code?: unknown
    sys?: {
      dict?: Record<string, number>
      dictVersion?: string
      resume?: ResumeReply
      bodies?: string
      heartbeat?: number
      maxBodyBytes?: number
    }
    user?: unknown
  }
  if (typeof answer?.code !== 'number') throw errors.frameMalformed('the answer to a handshake has a code')
  const { code, sys, user } = answer
  if (code !== 200) return { accepted: false, outdated: code === 501, user }
  const rich = sys?.bodies === richForm
  const { dict, dictVersion, resume, heartbeat, maxBodyBytes } = sys ?? {}
  return { accepted: true, dict, dictVersion, resume, heartbeat, rich, maxBodyBytes, user }
}

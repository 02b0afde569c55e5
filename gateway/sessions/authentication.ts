/**
 * Asks the gateway's host who a client is, before its session begins, and checks the answer. Where the host
 * fails to answer, or its answer is not valid, the fault is the host's: it is logged, and the client is told
 * to come back later.
 */
import { cutToBytes, exceedsBytes, expectKey, expectUid, maxReasonBytes } from '../../shared/check.js'
import { closeCodes, formatComeBack } from '../../shared/close-codes.js'
import { errors } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import type { Logger } from '../../shared/text/log.js'
import { suggestOrList } from '../../shared/text/nearest.js'
import { encodeValue } from '../../shared/values/codec.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { AuthenticationAnswer, AuthenticationRequest } from '../options/options.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { SettingsChange } from './settings/setting.js'

/** Maximum size of the `user` that a refused client is told, in bytes of JSON. */
const maxUserBytes = 65_536

/** Milliseconds over which the retries of clients refused together are spread. */
const retrySpread = 5_000

/** The identity of a client. */
export interface Identity {
  /** The user's id; null: not known. */
  readonly uid: string | null
  /** The settings with which its session begins. */
  readonly settings: SettingsChange
}

/** The identity of an unknown client. */
export const nobody: Identity = { uid: null, settings: [] }

/** The refusal of a client's handshake. */
export interface HandshakeRefusal {
  readonly reason: string
  /** The member `user` of the answer to the handshake. */
  readonly user: unknown
  /** Says whether the client is to stay away, or to come back later, or that it was replaced. */
  readonly code:
    | typeof closeCodes.handshakeRefused
    | typeof closeCodes.tryAgainLater
    | typeof closeCodes.replaced
}

export interface AuthenticationInit extends SettingsLimits {
  /** The host's function; undefined: every client is accepted, without a uid. */
  readonly authenticate:
    | ((asked: AuthenticationRequest) => AuthenticationAnswer | Promise<AuthenticationAnswer>)
    | undefined
  readonly metrics: Metrics
  readonly log: Logger
}

export class Authentication {
  readonly #init: AuthenticationInit
  /** Those that have failed already because no answer came in time. */
  readonly #unanswered = new WeakSet<AuthenticationRequest>()

  constructor(init: AuthenticationInit) {
    this.#init = init
  }

  /** Whether the host authenticates clients. */
  get isOn(): boolean {
    return this.#init.authenticate !== undefined
  }

  /** Returns the client's identity, or its refusal. Never rejects. */
  async ask(asked: AuthenticationRequest): Promise<Identity | HandshakeRefusal> {
    try {
      const answer = expectAnswer(await this.#init.authenticate!(asked))
      if (answer.accept) return this.#identify(answer)
      return this.refuse(...this.#bound(answer))
    } catch (error) {
      this.#init.log.error('authenticate failed', { ip: asked.address.ip, error })
      if (!this.#unanswered.has(asked)) this.#init.metrics.count('authenticationsFailed')
      return refuseForNow('the gateway could not check who you are')
    }
  }

  /** Notes that the host has not answered until the handshake's timeout of `ms` milliseconds. */
  unanswered(asked: AuthenticationRequest, ms: number): void {
    this.#unanswered.add(asked)
    const { ip } = asked.address
    this.#init.log.error('authenticate failed', { ip, error: `no answer within handshakeTimeout (${ms} ms)` })
    this.#init.metrics.count('authenticationsFailed')
  }

  /** Returns a refusal after which the client is to stay away, and counts it. */
  refuse(reason: string, user: unknown = { reason }): HandshakeRefusal {
    this.#init.metrics.count('authenticationsRefused')
    return { reason, user, code: closeCodes.handshakeRefused }
  }

  /**
   * Returns what a client is told of its refusal, cut to the size that may be sent to a stranger. A text that
   * is too long does not change the refusal.
   */
  #bound({ reason = 'not let in', user }: AuthenticationAnswer & { accept: false }): [string, unknown] {
    const { log } = this.#init
    const told = cutToBytes(reason, maxReasonBytes)
    if (told !== reason)
      log.warn(`The reason of authenticate is cut: it takes more than ${maxReasonBytes} bytes`)
    // A value that JSON can't represent fails here, and not where it is sent.
    if (user === undefined || !exceedsBytes(JSON.stringify(user) ?? '', maxUserBytes))
      return [told, user ?? { reason: told }]
    log.warn(`The user of authenticate is left out: it takes more than ${maxUserBytes} bytes as JSON`)
    return [told, { reason: told }]
  }

  #identify({ uid = null, settings = {} }: AuthenticationAnswer & { accept: true }): Identity {
    if (!isPlainObject(settings))
      throw new TypeError(`Expected the settings to be a plain object, got ${describeValue(settings)}`)
    const { maxSettingsLength, maxSettingsKeys } = this.#init
    let length = 0
    const change = Object.entries(settings).map(([key, value], index) => {
      if (index >= maxSettingsKeys) throw errors.tooManyKeys(key, maxSettingsKeys)
      const text = encodeValue(expectKey(key), value)
      length += key.length + text.length
      if (length > maxSettingsLength) throw errors.settingsTooLarge(key, length, maxSettingsLength)
      return [key, text] as const
    })
    return { uid: uid === null ? null : expectUid(uid), settings: change }
  }
}

/**
 * Returns the refusal of a client that is to come back later: the fault is not the client's, and may be
 * mended by then. `why` is told to it. `least`: milliseconds until the earliest retry. Retries are spread at
 * random over `retrySpread` after it, so that clients that were refused together do not return together.
 */
export function refuseForNow(why: string, least = 0): HandshakeRefusal {
  return refuseUntil(why, least + Math.random() * retrySpread)
}

/** Returns the refusal of a client that is to come back in `ms` milliseconds. */
export function refuseUntil(why: string, ms: number): HandshakeRefusal {
  return { reason: `${why}, ${formatComeBack(ms)}`, user: undefined, code: closeCodes.tryAgainLater }
}

/** The members of an answer that lets a client in, and of one that does not. */
const known = { in: ['accept', 'uid', 'settings'], out: ['accept', 'reason', 'user'] }

function expectAnswer(answer: AuthenticationAnswer): AuthenticationAnswer {
  if (typeof answer?.accept !== 'boolean' || !(answer.accept || isReason(answer.reason)))
    throw new TypeError(
      `Expected authenticate to answer { accept: true, uid?, settings? } or { accept: false, reason?, user? }, got ${describeValue(answer)}`
    )
  // Otherwise a player whose uid is misspelt would come in as nobody.
  const members = answer.accept ? known.in : known.out
  const unknown = Object.keys(answer).find(name => !members.includes(name))
  if (unknown === undefined) return answer
  throw new TypeError(
    `authenticate has answered ${answer.accept ? 'accept: true' : 'accept: false'} with \`${unknown}\`; ${suggestOrList(unknown, members, 'members')}`
  )
}

/**
 * Whether a value is a plain object: no list, no Map, no instance of a class. Objects of other realms count.
 */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === null || Object.getPrototypeOf(proto) === null
}

function isReason(reason: unknown): boolean {
  return reason === undefined || typeof reason === 'string'
}

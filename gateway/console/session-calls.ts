/** The calls of the console about sessions: of this gateway, and of the others of its cluster. */
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import type { SessionDetail, SessionsPage, SessionsQuery } from './api/console-api.js'
import { ApiFailure, expectInteger, expectText, expectWord } from './api-calls.js'
import type { FarCall, OtherGateways } from './other-gateways.js'
import { describeSession, type ShownLimits, searchSessions } from './session-views.js'

export interface SessionCallsInit {
  readonly frontendId: string
  readonly registry: Registry
  readonly limits: ShownLimits
  readonly now: () => number
  readonly monotonic: () => number
  /** Returns the other gateways; undefined while this one is alone. */
  readonly others: () => OtherGateways | undefined
}

/** The part of a call that these calls need. */
export interface SessionCall {
  /** The sid, as it came. */
  readonly value: string
  readonly body: Readonly<Record<string, unknown>>
  about(what: string): void
}

export class SessionCalls {
  readonly #init: SessionCallsInit

  constructor(init: SessionCallsInit) {
    this.#init = init
  }

  async search(parameters: ReadonlyMap<string, string>): Promise<SessionsPage> {
    const query: Required<SessionsQuery> = {
      query: expectText('query', parameters.get('query') ?? '', 200),
      by: expectWord('by', parameters.get('by') ?? 'any', ['uid', 'sid', 'address', 'any']),
      after: expectInteger('after', parameters.get('after') ?? 0, {
        least: 0,
        most: Number.MAX_SAFE_INTEGER
      }),
      limit: expectInteger('limit', parameters.get('limit') ?? 50, { least: 1, most: 200 }),
      gateways: expectWord('gateways', parameters.get('gateways') ?? 'own', ['own', 'all'])
    }
    const { registry, others } = this.#init
    const own = await searchSessions(registry, query)
    return query.gateways === 'own' ? own : ((await others()?.search(query, own)) ?? own)
  }

  async describe(call: SessionCall): Promise<SessionDetail> {
    const { limits, now, monotonic } = this.#init
    const session = this.#find(call)
    if (session !== undefined) return describeSession(session, limits, { at: now(), monotonic: monotonic() })
    return (await this.#askOthers(call, { call: 'session' }))!
  }

  async kick(call: SessionCall): Promise<void> {
    const { reason: given = null } = call.body
    const session = this.#find(call)
    const readReason = () => (given === null ? null : expectText('reason', given, 120))
    if (session !== undefined) this.#init.registry.kick(session, readReason())
    else await this.#askOthers(call, { call: 'kick', reason: readReason() })
  }

  async unbind(call: SessionCall): Promise<void> {
    const session = this.#find(call)
    if (session === undefined) {
      await this.#askOthers(call, { call: 'unbind' })
      return
    }
    const error = unbind(this.#init.registry, session)
    if (error !== undefined) throw new ApiFailure('CONFLICT', error)
  }

  /** Returns the session if this gateway has it. */
  #find({ value, about }: SessionCall): Session | undefined {
    const session = this.#init.registry.find(readSid(value))
    if (session !== undefined && session.uid !== null) about(`session ${session.sid} of ${session.uid}`)
    return session
  }

  async #askOthers({ value, about }: SessionCall, call: FarCall): Promise<SessionDetail | undefined> {
    const outcome = await this.#init.others()?.ask(readSid(value), call)
    if (outcome === undefined) throw notFound()
    if (outcome.kind === 'absent')
      throw outcome.silent.length === 0 ? notFound() : silence(outcome.silent, call)
    if (outcome.kind === 'refused') throw new ApiFailure('CONFLICT', outcome.message)
    if (outcome.uid !== null) about(`session ${readSid(value)} of ${outcome.uid}`)
    return outcome.detail
  }
}

/** Takes the user from a session. Returns a sentence if that can't be done. */
export function unbind(registry: Registry, session: Session): string | undefined {
  return session.uid === null ? 'It has no user.' : registry.unbind(session, session.uid)?.message
}

function readSid(value: string): number {
  const sid = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (Number.isSafeInteger(sid)) return sid
  throw notFound()
}

function notFound(): ApiFailure {
  return new ApiFailure('NOT_FOUND', 'There is no such session: it has ended, or never was.')
}

/** Nobody knows whether the session is there: it may be that of a silent gateway. */
function silence(silent: readonly string[], { call }: FarCall): ApiFailure {
  const names = `These gateways did not answer: ${silent.join(', ')}.`
  const change = ' If the session is at one of them, the change may have been made, or may yet be.'
  return new ApiFailure(
    'GATEWAY_SILENT',
    call === 'session' ? `${names} The session may be there.` : names + change
  )
}

/** Answers the consoles of other gateways about the sessions of this one. It needs no console of its own. */
import type { Logger } from '../../../shared/text/log.js'
import type { SessionsPage } from '../../console/api/console-api.js'
import type { FarCall } from '../../console/other-gateways.js'
import { unbind } from '../../console/session-calls.js'
import { describeSession, type ShownLimits, searchSessions } from '../../console/session-views.js'
import type { Registry } from '../../sessions/registry.js'
import type { Bus, Subscription } from '../bus/bus.js'
import { type Look, readLook, type SessionAnswer } from './looks.js'

export interface LookedAtInit {
  readonly bus: Bus
  /** The subject on which this gateway is asked. */
  readonly subject: string
  readonly registry: Registry
  readonly limits: ShownLimits
  readonly log: Logger
  readonly now: () => number
  readonly monotonic: () => number
}

export class LookedAt {
  readonly #init: LookedAtInit
  readonly #subscription: Subscription

  constructor(init: LookedAtInit) {
    this.#init = init
    this.#subscription = init.bus.subscribe(init.subject, (bytes, reply) => {
      const look = readLook(bytes)
      if (look !== undefined && reply !== undefined) void this.#answer(look, reply)
    })
  }

  close(): void {
    this.#subscription.end()
  }

  async #answer(look: Look, reply: string): Promise<void> {
    const { bus, log } = this.#init
    try {
      const answer = Buffer.from(JSON.stringify(await this.#find(look)))
      if (answer.length <= bus.maxBytes) bus.publish(reply, answer)
      else bus.publish(reply, Buffer.from(JSON.stringify(tooLarge)))
    } catch (error) {
      log.error('A question of the console of another gateway failed', { look: look.kind, error })
    }
  }

  #find(look: Look): Promise<SessionsPage> | SessionAnswer {
    return look.kind === 'search'
      ? searchSessions(this.#init.registry, look.query)
      : this.#applyTo(look.sid, look.call)
  }

  #applyTo(sid: number, call: FarCall): SessionAnswer {
    const { registry, limits, now, monotonic } = this.#init
    const session = registry.find(sid)
    if (session === undefined) return { kind: 'absent' }
    const { uid } = session
    if (call.call === 'session') {
      const detail = describeSession(session, limits, { at: now(), monotonic: monotonic() })
      return { kind: 'done', uid, detail }
    }
    this.#init.log.info('The console of another gateway was used', { action: call.call, sid, uid })
    if (call.call === 'kick') registry.kick(session, call.reason)
    const message = call.call === 'unbind' ? unbind(registry, session) : undefined
    return message === undefined ? { kind: 'done', uid } : { kind: 'refused', message }
  }
}

const tooLarge: SessionAnswer = {
  kind: 'refused',
  message: 'It is too large to be shown here: open it in the console of its own gateway.'
}

/**
 * Operations on sessions that are on their way from here, until it is decided where they are: then each is
 * done there. So one that the other gateway has not taken in after all gets them too.
 */
import { errors, type GatewayError } from '../../../shared/errors.js'

/** An operation that waits. */
export interface UndecidedOperation {
  readonly operation: string
  /** Of its long texts. */
  readonly characters: number
  /** Does it, where its session is now. `waited`: the milliseconds until then. */
  readonly run: (waited: number) => void
  readonly fail: (error: GatewayError) => void
}

interface Waiting extends UndecidedOperation {
  readonly since: number
}

export interface UndecidedInit {
  readonly frontendId: string
  readonly monotonic: () => number
  /** Milliseconds that an operation may wait (`clusterTimeout`). */
  readonly timeout: number
}

/** Characters that wait at most, in all, and what an operation counts beside its texts. */
const mostCharacters = 16_777_216
const operationCost = 128

/** Milliseconds between two looks at what waits. */
const sweepEvery = 50

export class Undecided {
  readonly #init: UndecidedInit
  /** By session, in the order in which they came. */
  readonly #waiting = new Map<number, Waiting[]>()
  #characters = 0
  #timer: NodeJS.Timeout | undefined

  constructor(init: UndecidedInit) {
    this.#init = init
  }

  has(sid: number): boolean {
    return this.#waiting.has(sid)
  }

  /** Returns the error of an operation for which there is no room. */
  judge(operation: string, characters: number): GatewayError | undefined {
    if (this.#characters + characters + operationCost <= mostCharacters) return undefined
    return errors.clusterUnavailable(operation, 'too much waits for sessions that are on their way')
  }

  /** Keeps an operation, which was judged, until `decided` is called for the session. */
  add(sid: number, { operation, characters, run, fail }: UndecidedOperation): void {
    const waiting = { operation, characters, run, fail, since: this.#init.monotonic() }
    this.#characters += characters + operationCost
    const known = this.#waiting.get(sid)
    if (known === undefined) this.#waiting.set(sid, [waiting])
    else known.push(waiting)
    this.#timer ??= setTimeout(this.#sweep, sweepEvery).unref()
  }

  /** A session is here again, or another gateway has it, or it has ended. */
  decided(sid: number): void {
    const waiting = this.#waiting.get(sid)
    if (waiting === undefined) return
    this.#waiting.delete(sid)
    for (const each of waiting) this.#free(each)
    const now = this.#init.monotonic()
    for (const { run, since } of waiting) run(now - since)
  }

  #free({ characters }: UndecidedOperation): void {
    this.#characters -= characters + operationCost
  }

  /** Fails what has waited for too long. A part of it may have been done. */
  readonly #sweep = (): void => {
    const { monotonic, frontendId, timeout } = this.#init
    const now = monotonic()
    const late: Waiting[] = []
    for (const [sid, waiting] of this.#waiting) {
      while (waiting.length > 0 && waiting[0]!.since + timeout <= now) late.push(waiting.shift()!)
      if (waiting.length === 0) this.#waiting.delete(sid)
    }
    this.#timer = this.#waiting.size > 0 ? setTimeout(this.#sweep, sweepEvery).unref() : undefined
    for (const each of late) this.#free(each)
    for (const { operation, fail } of late) fail(errors.clusterTimeout(operation, frontendId, timeout))
  }
}

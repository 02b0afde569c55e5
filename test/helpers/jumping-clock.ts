/**
 * A time of day for this process that jumps when a test says so, as if the machine's clock were set. Between
 * jumps it goes on like the machine's. Timers and `performance.now` are not affected.
 */

const OwnDate = Date

export class JumpingClock {
  #ahead = 0

  /** The option `now` of a gateway. */
  readonly now = (): number => OwnDate.now() + this.#ahead

  /** Replaces the time of day for all code of this process, until the returned function is called. */
  install(): () => void {
    const { now } = this
    globalThis.Date = new Proxy(OwnDate, {
      get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
      construct: (target, given) => Reflect.construct(target, given.length === 0 ? [now()] : given)
    })
    return () => {
      globalThis.Date = OwnDate
    }
  }

  /** Jumps by `ms` milliseconds; back if the number is negative. */
  jump(ms: number): void {
    this.#ahead += Math.round(ms)
  }
}

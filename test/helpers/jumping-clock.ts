/**
 * The time of day in this process, which goes on as the machine's does, and jumps when it is told to: as when
 * somebody sets the machine's clock. Timers and `performance.now` go on as they do.
 */

const OwnDate = Date

export class JumpingClock {
  #ahead = 0

  /** The option `now` of a gateway. */
  readonly now = (): number => OwnDate.now() + this.#ahead

  /** Has all code of this process that asks for the time of day see this clock's, until the function is called. */
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

  /** Jumps by so many milliseconds; below 0: back. */
  jump(ms: number): void {
    this.#ahead += Math.round(ms)
  }
}

/** A clock that goes on as the machine's does, and jumps when it is told to, as when somebody sets it. */
export class JumpingClock {
  #ahead = 0

  /** The option `now` of a gateway or a client. */
  readonly now = (): number => Date.now() + this.#ahead

  /** Jumps by so many milliseconds; below 0: back. */
  jump(ms: number): void {
    this.#ahead += Math.round(ms)
  }
}

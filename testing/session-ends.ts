/** The ends of players' sessions, for those who wait for one. */
import type { SessionService } from '../gateway/index.js'

export class SessionEnds {
  readonly #sessions: SessionService
  /** Those who wait for the end of a session, by its number. */
  readonly #waiting = new Map<number, (() => void)[]>()

  constructor(sessions: SessionService) {
    this.#sessions = sessions
    sessions.on('closed', ({ id }) => {
      for (const resolve of this.#waiting.get(id) ?? []) resolve()
      this.#waiting.delete(id)
    })
  }

  /**
   * Resolves when the session of the connection from one of these ports has ended. Resolves at once if there
   * is none.
   */
  async of(ports: readonly number[]): Promise<void> {
    const ids: number[] = []
    this.#sessions.forEachSession(({ id }) => {
      const address = this.#sessions.getClientAddressBySessionId(id)
      if (address !== undefined && ports.includes(address.port)) ids.push(id)
    })
    await Promise.all(ids.map(id => this.#wait(id)))
  }

  #wait(id: number): Promise<void> {
    return new Promise(resolve => {
      const waiting = this.#waiting.get(id) ?? []
      this.#waiting.set(id, waiting)
      waiting.push(resolve)
    })
  }
}

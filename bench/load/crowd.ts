/** A crowd: idle players that only answer pings. Each sends one request when it connects. */
import { joinAll, type Player } from './player.js'

export interface CrowdQuestion {
  readonly kind: 'crowd'
  readonly port: number
  /** Route that each player requests. */
  readonly first: string
  /** Number of players that there should be. */
  readonly size: number
}

export class Crowd {
  #players: Player[] = []

  /**
   * Connects or disconnects players. Resolves when `size` players are connected and have their replies, and
   * the server knows that the others have left.
   */
  async become({ port, first, size }: CrowdQuestion): Promise<void> {
    const leaving = this.#players.splice(size)
    await Promise.all(leaving.map(player => player.part()))
    const missing = size - this.#players.length
    const init = { port, first, check: 'any', listener: {} } as const
    this.#players.push(...(await joinAll(missing, () => init)))
  }
}

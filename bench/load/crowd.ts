/** A crowd: players that are there and do nothing but answer pings. Each has asked for one route when it came. */
import { joinAll, type Player } from './player.js'

export interface CrowdQuestion {
  readonly kind: 'crowd'
  readonly port: number
  /** What each asks for. */
  readonly first: string
  /** How many are to be there. */
  readonly size: number
}

export class Crowd {
  #players: Player[] = []

  /** Resolves when so many are there and have their replies, and the server knows that the others have left. */
  async become({ port, first, size }: CrowdQuestion): Promise<void> {
    const leaving = this.#players.splice(size)
    await Promise.all(leaving.map(player => player.part()))
    const missing = size - this.#players.length
    const init = { port, first, check: 'any', listener: {} } as const
    this.#players.push(...(await joinAll(missing, () => init)))
  }
}

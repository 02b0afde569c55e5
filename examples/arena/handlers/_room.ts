/**
 * A room of the arena: where its players run, and where the coins are. Knows nothing of sessions and sockets.
 */

export const width = 800
export const height = 480
/** Radii of a player and of a coin. */
export const playerSize = 14
export const coinSize = 8

/** Ticks in a second, and the distance that a player runs in one. */
export const ticksPerSecond = 20
const speed = 9
const coinCount = 12

/** Players that fit into a room. */
export const mostPlayers = 100

interface Runner {
  readonly name: string
  x: number
  y: number
  /** Direction: x and y, each from -1 to 1. */
  dx: number
  dy: number
  coins: number
}

interface Coin {
  x: number
  y: number
}

/** The event that players receive at each tick. */
export interface Tick {
  /** When the room was created, which distinguishes it from a later room of the same name. */
  readonly born: number
  readonly tick: number
  readonly players: readonly { id: number; name: string; x: number; y: number; coins: number }[]
  readonly coins: readonly Coin[]
}

export class Room {
  readonly born = Date.now()
  readonly #runners = new Map<number, Runner>()
  readonly #coins: Coin[] = []
  readonly #random: () => number
  #tick = 0

  constructor(random: () => number = Math.random) {
    this.#random = random
    for (let i = 0; i < coinCount; i++) this.#coins.push(this.#place())
  }

  get size(): number {
    return this.#runners.size
  }

  has(id: number): boolean {
    return this.#runners.has(id)
  }

  add(id: number, name: string): void {
    this.#runners.set(id, { name, ...this.#place(), dx: 0, dy: 0, coins: 0 })
  }

  remove(id: number): void {
    this.#runners.delete(id)
  }

  /** Sets a player's direction. Does nothing for a player who is not in the room. */
  turn(id: number, dx: number, dy: number): void {
    const runner = this.#runners.get(id)
    if (runner === undefined) return
    const length = Math.max(1, Math.hypot(dx, dy))
    runner.dx = dx / length
    runner.dy = dy / length
  }

  /** Moves all players by one tick. Returns the players who found a coin. */
  run(): number[] {
    this.#tick++
    const found: number[] = []
    for (const [id, runner] of this.#runners) {
      runner.x = clamp(runner.x + runner.dx * speed, playerSize, width - playerSize)
      runner.y = clamp(runner.y + runner.dy * speed, playerSize, height - playerSize)
      for (const coin of this.#coins) {
        if (Math.hypot(coin.x - runner.x, coin.y - runner.y) > playerSize + coinSize) continue
        Object.assign(coin, this.#place())
        runner.coins++
        found.push(id)
      }
    }
    return found
  }

  describe(): Tick {
    const players = [...this.#runners].map(([id, { name, x, y, coins }]) => ({
      id,
      name,
      x: Math.round(x),
      y: Math.round(y),
      coins
    }))
    return { born: this.born, tick: this.#tick, players, coins: this.#coins }
  }

  #place(): Coin {
    return {
      x: Math.round(playerSize + this.#random() * (width - 2 * playerSize)),
      y: Math.round(playerSize + this.#random() * (height - 2 * playerSize))
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

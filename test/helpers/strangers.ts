/** Those at a gateway's port who are no players: they say nothing, or leave all they can behind and break off. */
import { connect, type Socket } from 'node:net'
import type { Gateway } from '../../gateway/index.js'
import { PomeloPlayer } from './pomelo-player.js'

/** Characters that a visit leaves in its session, and the address that all come from: no player's. */
const leftBehind = 60_000
const localAddress = '127.0.0.2'

export class Strangers {
  readonly #port: number
  readonly #url: string
  readonly #silent = new Set<Socket>()
  /** Sockets that were opened without a word, and visits that came to their end. */
  opened = 0
  visits = 0

  constructor({ url, address }: Gateway) {
    this.#url = url
    this.#port = address.port
  }

  /** Opens so many sockets, and says nothing on them. The gateway is to close them. */
  openSilent(count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = connect(this.#port, '127.0.0.1')
      this.#silent.add(socket)
      socket.on('connect', () => this.opened++)
      // It is read, so that its end is seen.
      socket.on('error', () => {}).resume()
      socket.on('close', () => this.#silent.delete(socket))
    }
  }

  /** Those of them that are still open. */
  get silent(): number {
    return this.#silent.size
  }

  /** Begins a session that can be resumed, leaves as much in it as there is room for, and breaks off. */
  async visit(): Promise<void> {
    let player: PomeloPlayer | undefined
    try {
      player = await PomeloPlayer.join(this.#url, { localAddress, sys: { resume: true } })
      const { isError } = await player.request('player.stuff', { length: leftBehind })
      if (!isError) this.visits++
    } catch {
      // The gateway may have no room for it at the moment, or no worker.
    } finally {
      player?.leave()
    }
  }
}

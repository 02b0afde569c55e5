/**
 * Clients that are no players: they send nothing, or leave as much in a session as they can and break off.
 */
import { connect, type Socket } from 'node:net'
import type { Gateway } from '../../gateway/index.js'
import { PomeloPlayer } from './pomelo-player.js'

/** Characters that a visit leaves in its session, and the address of all visits, which no player has. */
const leftBehind = 60_000
const localAddress = '127.0.0.2'

export class Strangers {
  readonly #port: number
  readonly #url: string
  readonly #silent = new Set<Socket>()
  /** Number of silent sockets that were opened, and of visits that were completed. */
  opened = 0
  visits = 0

  constructor({ url, address }: Gateway) {
    this.#url = url
    this.#port = address.port
  }

  /** Opens `count` sockets, and sends nothing on them. The gateway is to close them. */
  openSilent(count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = connect(this.#port, '127.0.0.1')
      this.#silent.add(socket)
      socket.on('connect', () => this.opened++)
      // The socket has to be read, so that its end is noticed.
      socket.on('error', () => {}).resume()
      socket.on('close', () => this.#silent.delete(socket))
    }
  }

  /** Number of silent sockets that are still open. */
  get silent(): number {
    return this.#silent.size
  }

  /** Begins a session that can be resumed, fills it with settings, and breaks the connection off. */
  async visit(): Promise<void> {
    let player: PomeloPlayer | undefined
    try {
      player = await PomeloPlayer.join(this.#url, { localAddress, sys: { resume: true } })
      const { isError } = await player.request('player.stuff', { length: leftBehind })
      if (!isError) this.visits++
    } catch {
      // The gateway may have no room for the session at the moment, or no worker.
    } finally {
      player?.leave()
    }
  }
}

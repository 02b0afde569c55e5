/** TCP connections that wait for a request, and the choice of one to close when room is needed. */
import { addressKey } from '../addresses/client-address.js'

export interface WaitingSocket {
  readonly address: string
}

/**
 * Number of sockets from which one is chosen. Bounded, so that the choice costs the same for any number of
 * sockets.
 */
const sampleSize = 16

export class WaitingSockets<Member extends WaitingSocket> {
  readonly #members = new Set<Member>()
  /** Number of waiting sockets by address. */
  readonly #counts = new Map<string, number>()

  get size(): number {
    return this.#members.size
  }

  /** Returns all waiting sockets, the longest waiting first. */
  all(): Iterable<Member> {
    return this.#members
  }

  add(member: Member): void {
    const key = addressKey(member.address)
    this.#members.add(member)
    this.#counts.set(key, this.#countOf(member) + 1)
  }

  /** Removes a socket. Does nothing if it is not waiting. */
  delete(member: Member): void {
    if (!this.#members.delete(member)) return
    const left = this.#countOf(member) - 1
    if (left === 0) this.#counts.delete(addressKey(member.address))
    else this.#counts.set(addressKey(member.address), left)
  }

  /**
   * Chooses among the longest waiting sockets: returns a socket of the address with the most waiting sockets.
   * Thus many sockets of one address do not keep out other clients. Returns undefined if no socket waits.
   */
  findGreediest(): Member | undefined {
    let greediest: Member | undefined
    let most = 0
    let looked = 0
    for (const member of this.#members) {
      const count = this.#countOf(member)
      if (count > most) {
        greediest = member
        most = count
      }
      if (++looked === sampleSize) break
    }
    return greediest
  }

  #countOf({ address }: Member): number {
    return this.#counts.get(addressKey(address)) ?? 0
  }
}

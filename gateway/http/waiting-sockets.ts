/** The connections that are waited for, the longest first; and which of them makes room for another one. */
import { addressKey } from '../addresses/client-address.js'

export interface WaitingSocket {
  readonly address: string
}

/** Of how many, those that have waited the longest, one makes room: the cost must not grow with a crowd. */
const sampleSize = 16

export class WaitingSockets<Member extends WaitingSocket> {
  readonly #members = new Set<Member>()
  /** How many of each address. */
  readonly #counts = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  /** The longest first. */
  all(): Iterable<Member> {
    return this.#members
  }

  add(member: Member): void {
    const key = addressKey(member.address)
    this.#members.add(member)
    this.#counts.set(key, this.#countOf(member) + 1)
  }

  /** Does nothing where it is not among them. */
  delete(member: Member): void {
    if (!this.#members.delete(member)) return
    const left = this.#countOf(member) - 1
    if (left === 0) this.#counts.delete(addressKey(member.address))
    else this.#counts.set(addressKey(member.address), left)
  }

  /**
   * One of the address of which most wait, so that a crowd of one address keeps nobody else out. Undefined:
   * nobody waits.
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

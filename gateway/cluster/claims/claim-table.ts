/** The claims of this gateway, by their numbers and by their users; a claim that is over is not there. */
import { type Claim, type ClaimName, isSame } from './claim.js'

export class ClaimTable {
  readonly #byNumber = new Map<number, Claim>()
  readonly #byUid = new Map<string, Claim[]>()
  #lastNumber = 0

  get size(): number {
    return this.#byNumber.size
  }

  /** All claims, the oldest name first. Claims may begin and end while the iterator is used. */
  [Symbol.iterator](): IterableIterator<Claim> {
    return this.#byNumber.values()
  }

  add(uid: string, sid: number, start: number): Claim {
    const name = { start, number: ++this.#lastNumber }
    const claim: Claim = {
      uid,
      sid,
      name,
      state: 'pending',
      entry: undefined,
      old: undefined,
      settled: undefined,
      movingTo: undefined
    }
    this.#byNumber.set(name.number, claim)
    const ofUid = this.#byUid.get(uid)
    if (ofUid === undefined) this.#byUid.set(uid, [claim])
    else ofUid.push(claim)
    return claim
  }

  /** Names a claim anew; its former name is over. */
  rename(claim: Claim, start: number): void {
    this.#byNumber.delete(claim.name.number)
    claim.name = { start, number: ++this.#lastNumber }
    claim.entry = undefined
    this.#byNumber.set(claim.name.number, claim)
  }

  find(uid: string, sid: number): Claim | undefined {
    return this.#byUid.get(uid)?.find(claim => claim.sid === sid)
  }

  /** Returns the claims of a user, as they are now. */
  allOf(uid: string): Claim[] {
    return [...(this.#byUid.get(uid) ?? [])]
  }

  /** Finds the claim that has a name, or had it at the gateway from which its session came. */
  findNamed(uid: string, name: ClaimName): Claim | undefined {
    return this.#byUid.get(uid)?.find(claim => isSame(claim.name, name) || isSame(claim.old, name))
  }

  /** Ends a claim for ever. */
  end(claim: Claim): void {
    if (claim.state === 'over') return
    claim.state = 'over'
    claim.settled?.()
    this.#byNumber.delete(claim.name.number)
    const ofUid = this.#byUid.get(claim.uid)!
    ofUid.splice(ofUid.indexOf(claim), 1)
    if (ofUid.length === 0) this.#byUid.delete(claim.uid)
  }
}

/**
 * The secrets with which clients resume their sessions: the tokens of the protocol. Each handshake gives the
 * client a new one. The previous secrets become invalid once the client is known to have a newer one. Only
 * hashes of secrets are kept.
 *
 * A token begins with the number of its session, so that another gateway finds the one that has it.
 */
import { createHash, randomBytes } from 'node:crypto'

/** The hashes of a client's secrets. */
export interface SecretHashes {
  /** The secret that the client is known to have. */
  readonly held: string | undefined
  /**
   * Secrets that the client has not confirmed yet, the oldest first. Handshakes of connections that were
   * given up may be answered late, so a newer offer says nothing about an older one.
   */
  readonly offered: readonly string[]
}

/** Secrets of one owner that may be offered at the same time. The oldest makes room. */
const mostOffered = 4

export class ResumeSecrets<Owner> {
  readonly #byHash = new Map<string, Owner>()
  readonly #byOwner = new Map<Owner, SecretHashes>()
  /** Offered secrets that no handshake has told yet. */
  readonly #untold = new Set<string>()

  /** Number of owners that have a secret. */
  get size(): number {
    return this.#byOwner.size
  }

  /**
   * Creates a new token for an owner, which a handshake tells now. `sid`: the number of its session.
   */
  offer(owner: Owner, sid: number): string {
    const token = this.prepare(owner, sid)
    this.#untold.delete(hashSecret(token))
    return token
  }

  /** Creates a token that a later handshake may tell. */
  prepare(owner: Owner, sid: number): string {
    const token = `${sid.toString(36)}.${randomBytes(16).toString('base64url')}`
    const hash = hashSecret(token)
    const { held, offered } = this.#byOwner.get(owner) ?? none
    if (offered.length === mostOffered) this.#drop(offered[0]!)
    this.#byOwner.set(owner, { held, offered: [...offered.slice(1 - mostOffered), hash] })
    this.#byHash.set(hash, owner)
    this.#untold.add(hash)
    return token
  }

  /** A handshake tells a prepared token. Returns false if it is not valid any more. */
  tell(owner: Owner, token: string): boolean {
    const hash = hashSecret(token)
    if (this.#byHash.get(hash) !== owner || !this.#untold.delete(hash)) return false
    const { held, offered } = this.hashesOf(owner)
    this.#byOwner.set(owner, { held, offered: [...offered.filter(each => each !== hash), hash] })
    return true
  }

  find(hash: string): Owner | undefined {
    return this.#byHash.get(hash)
  }

  /**
   * Records that the client has presented a secret, which proves that it was received. Newer ones stay valid:
   * the handshake may be one that the client has given up long ago.
   */
  used(owner: Owner, hash: string): void {
    const { held, offered } = this.#byOwner.get(owner) ?? none
    const at = offered.indexOf(hash)
    if (at >= 0) this.#hold(owner, held, offered, at)
  }

  /** Confirms the newest secret that was told: the client has it, and all older ones become invalid. */
  confirm(owner: Owner): void {
    const { held, offered } = this.#byOwner.get(owner) ?? none
    const at = offered.findLastIndex(hash => !this.#untold.has(hash))
    if (at >= 0) this.#hold(owner, held, offered, at)
  }

  /** Makes all secrets of an owner invalid. Returns their hashes. */
  end(owner: Owner): readonly string[] {
    const { held, offered } = this.hashesOf(owner)
    this.#byOwner.delete(owner)
    const hashes = held === undefined ? offered : [held, ...offered]
    for (const hash of hashes) this.#drop(hash)
    return hashes
  }

  /** The hashes of an owner's secrets, for another gateway. */
  hashesOf(owner: Owner): SecretHashes {
    return this.#byOwner.get(owner) ?? none
  }

  /** Takes in an owner whose secrets another gateway has made. */
  add(owner: Owner, hashes: SecretHashes): void {
    this.#byOwner.set(owner, hashes)
    if (hashes.held !== undefined) this.#byHash.set(hashes.held, owner)
    for (const hash of hashes.offered) this.#byHash.set(hash, owner)
  }

  #hold(owner: Owner, held: string | undefined, offered: readonly string[], at: number): void {
    if (held !== undefined) this.#drop(held)
    for (const hash of offered.slice(0, at)) this.#drop(hash)
    this.#untold.delete(offered[at]!)
    this.#byOwner.set(owner, { held: offered[at], offered: offered.slice(at + 1) })
  }

  #drop(hash: string): void {
    this.#byHash.delete(hash)
    this.#untold.delete(hash)
  }
}

const none: SecretHashes = { held: undefined, offered: [] }

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64')
}

/** Returns the number of the session in a token; undefined for a token that no gateway has made. */
export function sidOfToken(token: string): number | undefined {
  const digits = /^([0-9a-z]{1,11})\.[\w-]{22}$/.exec(token)?.[1]
  const sid = digits === undefined ? 0 : Number.parseInt(digits, 36)
  return Number.isSafeInteger(sid) && sid > 0 ? sid : undefined
}

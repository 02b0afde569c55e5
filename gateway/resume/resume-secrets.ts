/**
 * The secrets with which clients resume their sessions: the tokens of the protocol. Each handshake gives the
 * client a new one. The previous secret becomes invalid once the client is known to have the new one. Only
 * hashes of secrets are kept.
 */
import { createHash, randomBytes } from 'node:crypto'

/** The hashes of a client's secrets. */
interface Hashes {
  /** The secret that the client is known to have. */
  held: string | undefined
  /** The newest secret, which the client has not confirmed yet. */
  offered: string | undefined
}

export class ResumeSecrets<Owner> {
  readonly #byHash = new Map<string, Owner>()
  readonly #byOwner = new Map<Owner, Hashes>()

  /** Number of owners that have a secret. */
  get size(): number {
    return this.#byOwner.size
  }

  /** Creates a new secret for an owner. It replaces one that was not confirmed. */
  offer(owner: Owner): string {
    const secret = randomBytes(16).toString('base64url')
    const hashes = this.#byOwner.get(owner) ?? { held: undefined, offered: undefined }
    this.#byOwner.set(owner, hashes)
    this.#forget(hashes.offered)
    hashes.offered = hashSecret(secret)
    this.#byHash.set(hashes.offered, owner)
    return secret
  }

  find(hash: string): Owner | undefined {
    return this.#byHash.get(hash)
  }

  /**
   * Records that the client has presented a secret. Presenting the newest one proves that it was received.
   */
  used(owner: Owner, hash: string): void {
    if (this.#byOwner.get(owner)?.offered === hash) this.confirm(owner)
  }

  /** Confirms the newest secret: the client has it, and the previous one becomes invalid. */
  confirm(owner: Owner): void {
    const hashes = this.#byOwner.get(owner)
    if (hashes?.offered === undefined) return
    this.#forget(hashes.held)
    hashes.held = hashes.offered
    hashes.offered = undefined
  }

  /** Makes all secrets of an owner invalid. Returns their hashes. */
  end(owner: Owner): readonly string[] {
    const { held, offered } = this.#byOwner.get(owner) ?? {}
    this.#byOwner.delete(owner)
    const hashes = [held, offered].filter(hash => hash !== undefined)
    for (const hash of hashes) this.#forget(hash)
    return hashes
  }

  #forget(hash: string | undefined): void {
    if (hash !== undefined) this.#byHash.delete(hash)
  }
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64')
}

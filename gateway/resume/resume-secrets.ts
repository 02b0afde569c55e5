/**
 * The secrets that clients come back to their sessions with. Each handshake gives a client a new one, and the
 * one before is worth nothing once the client is known to have it. Of a secret only its hash is kept.
 */
import { createHash, randomBytes } from 'node:crypto'

/** The hashes of a client's secrets. */
interface Hashes {
  /** What the client surely has. */
  held: string | undefined
  /** What it was given last, and has not said that it has. */
  offered: string | undefined
}

export class ResumeSecrets<Owner> {
  readonly #byHash = new Map<string, Owner>()
  readonly #byOwner = new Map<Owner, Hashes>()

  /** How many have one. */
  get size(): number {
    return this.#byOwner.size
  }

  /** A new secret for it. */
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

  /** The client has come with this one. That it has what it was given last says that it has it. */
  used(owner: Owner, hash: string): void {
    if (this.#byOwner.get(owner)?.offered === hash) this.confirm(owner)
  }

  /** The client has what it was given last. */
  confirm(owner: Owner): void {
    const hashes = this.#byOwner.get(owner)
    if (hashes?.offered === undefined) return
    this.#forget(hashes.held)
    hashes.held = hashes.offered
    hashes.offered = undefined
  }

  /** Its secrets are worth nothing any more. Returns their hashes. */
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

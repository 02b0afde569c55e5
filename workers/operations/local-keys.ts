/**
 * The local keys of a BackendSession: those that it has read, set, removed or sent.
 */

/**
 * The life of a local key:
 *
 *   read ──▶ set ──▶ sent          sent: the local value was sent to the gateway
 *     └────▶ removed ──▶ gone      gone: the removal was sent to the gateway
 */
export type LocalState = 'read' | 'set' | 'sent' | 'removed' | 'gone'

/** One key. The value of a removed key is undefined. */
export interface LocalKey {
  state: LocalState
  readonly value: unknown
}

export function isRemoved({ state }: LocalKey): boolean {
  return state === 'removed' || state === 'gone'
}

export function isUnsent({ state }: LocalKey): boolean {
  return state === 'set' || state === 'removed'
}

export class LocalKeys extends Map<string, LocalKey> {
  /** Whether a key was ever removed here. */
  hasRemoved = false

  put(key: string, state: LocalState, value: unknown): void {
    this.set(key, { state, value })
    if (state === 'removed') this.hasRemoved = true
  }

  /** Notes that the key's local state was sent to the gateway. */
  sent(key: string): void {
    const local = this.get(key)
    if (local !== undefined) noteSent(local)
  }

  allSent(): void {
    this.forEach(noteSent)
  }
}

function noteSent(local: LocalKey): void {
  local.state = isRemoved(local) ? 'gone' : 'sent'
}

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
  put(key: string, state: LocalState, value: unknown): void {
    this.set(key, { state, value })
  }

  /** Notes that the key's local state was sent to the gateway. */
  sent(key: string): void {
    const local = this.get(key)
    if (local !== undefined) local.state = isRemoved(local) ? 'gone' : 'sent'
  }

  allSent(): void {
    for (const key of this.keys()) this.sent(key)
  }
}

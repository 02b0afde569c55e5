/**
 * What a BackendSession has of its keys by itself: read, set or removed here, and how far the gateway knows
 * of it.
 */

/**
 *   read ──▶ set ──▶ sent          sent: what is here is what the gateway was told
 *     └────▶ removed ──▶ gone      gone: removed, and the gateway was told
 */
export type LocalState = 'read' | 'set' | 'sent' | 'removed' | 'gone'

/** One key. The value of a removed one is undefined. */
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

  /** The gateway was told of the key as it is here. */
  sent(key: string): void {
    const local = this.get(key)
    if (local !== undefined) local.state = isRemoved(local) ? 'gone' : 'sent'
  }

  allSent(): void {
    for (const key of this.keys()) this.sent(key)
  }
}

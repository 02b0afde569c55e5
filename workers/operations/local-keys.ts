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
  /**
   * The text from which the value was read, or as which it was sent; '' for a removal. If the value has
   * another text now, it was modified inside. It is not that of the view, which also shows what was changed
   * beside this copy. undefined: neither read nor sent.
   */
  base: string | undefined
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

  put(key: string, state: LocalState, value: unknown, base: string | undefined): void {
    this.set(key, { state, value, base })
    if (state === 'removed') this.hasRemoved = true
  }

  /** Notes that a key was sent to the gateway with this text. Returns whether it is one of these. */
  sent(key: string, text: string): boolean {
    const local = this.get(key)
    if (local === undefined) return false
    local.state = isRemoved(local) ? 'gone' : 'sent'
    local.base = text
    return true
  }
}

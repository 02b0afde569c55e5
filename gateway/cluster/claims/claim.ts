/** A claim of a user for one session: its name, its states, and the log that has its entry. */

/**
 * The name of a claim: the start that made it, and a number that this process uses once. A claim that is made
 * anew by a later start has another name.
 */
export interface ClaimName {
  readonly start: number
  readonly number: number
}

export interface Claim {
  readonly uid: string
  readonly sid: number
  name: ClaimName
  /**
   * `pending`: its session is not bound, and its entry not known to be the first. `held`: it is. `unsecured`:
   * its session is bound, and its entry not known to be the first: it came from elsewhere, or the log or the
   * start was lost. `moving`: its session may be at `movingTo`. `over`: it is nowhere any more, for ever.
   */
  state: 'pending' | 'held' | 'unsecured' | 'moving' | 'over'
  /** Number of its entry. */
  entry: number | undefined
  /** The session's former claim, here or at another gateway, while its entry may stand before the own. */
  old: ClaimName | undefined
  /** Called when the claim is held, or over. */
  settled: (() => void) | undefined
  /** The start to which the session is being moved. */
  movingTo: number | undefined
}

/** Logs over which the users are spread. Frozen: all gateways of a cluster must agree. */
export const claimLogs = 16

/** Returns the index of a user's log: FNV-1a of the UTF-16 units. Frozen, as the number of logs. */
export function logIndexOf(uid: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < uid.length; at++) hash = Math.imul(hash ^ uid.charCodeAt(at), 0x01000193) >>> 0
  return hash % claimLogs
}

export function isSame(one: ClaimName | undefined, other: ClaimName): boolean {
  return one !== undefined && one.start === other.start && one.number === other.number
}

export function formatClaimName({ start, number }: ClaimName): string {
  return `${start}.${number}`
}

/** Returns undefined for what no gateway writes. */
export function parseClaimName(text: string): ClaimName | undefined {
  const [, start, number] = /^(\d{1,16})\.(\d{1,16})$/.exec(text) ?? []
  return start === undefined ? undefined : { start: Number(start), number: Number(number) }
}

/** What the writer of records is made of, and what it knows of each session. */
import type { ResumableReceiver } from '../../resume/resumable-receiver.js'
import type { SecretHashes } from '../../resume/resume-secrets.js'
import type { Registry } from '../../sessions/registry.js'
import type { Session } from '../../sessions/session.js'
import type { MovableSession } from '../items/movable.js'
import type { Timing } from '../link/link-host.js'
import type { ParkedLog } from './entries/parked-log.js'
import type { TooLarge } from './too-large.js'

export interface ReplicasInit {
  readonly log: ParkedLog
  readonly registry: Pick<Registry, 'all' | 'findRecipient' | 'on' | 'kick'>
  /** The own start. */
  readonly start: () => number
  /** Whether the own start has a good lease, so that no other gateway takes it for dead. */
  readonly hasLease: () => boolean
  readonly timing: Timing
  /** Whether records are written at all. */
  readonly isOn: boolean
  /** Milliseconds between two looks for changed sessions. */
  readonly every: number
  readonly describe: (session: Session, receiver: ResumableReceiver) => MovableSession
  readonly hashesOf: (receiver: ResumableReceiver) => SecretHashes
  /** Another gateway has restored a session while this one was cut off. */
  readonly lost: (session: Session) => void
  /** Whether a start is dead; undefined: no answer. */
  readonly isDead: (start: number) => Promise<boolean | undefined>
  readonly tooLarge: TooLarge
}

/** What a record was written from. */
export interface Written {
  /** The user that the session was bound to. undefined: it was bound or unbound since. */
  readonly uid: string | null | undefined
  readonly version: number
  readonly joins: number
  readonly window: number | undefined
  readonly hashes: SecretHashes
  readonly at: number
}

export interface Holding {
  /** Number of the claim by which the session came here; 0: it began here; undefined: not claimed yet. */
  generation: number | undefined
  claim?: number
  record?: number
  /** Records beside that one which the store may have. */
  leftovers: number
  written?: Written
  /** The write that is under way, and the one that waits for it. */
  running?: Promise<string | undefined> | undefined
  next?: Promise<string | undefined> | undefined
  isOver?: boolean
  /** The start for which it is decided that the session is still here. */
  start: number
  deciding?: Promise<void> | undefined
  /** Another gateway has restored the session. */
  isLost?: boolean
}

/** The links to the other gateways of a cluster, as the rooms that use them see them. */
import type { Inbox } from '../../../shared/link/inbox.js'
import type { Outbox } from '../../../shared/link/outbox-writer.js'

/** An item of a frame. */
export type Item = string | number | null

/**
 * Kinds of frames, which are frozen: a kind is never renumbered. A receiver skips a kind that it does not
 * know.
 */
export const frameKinds = {
  outbox: 0,
  inbox: 1,
  interest: 2,
  moved: 3,
  take: 4,
  export: 5,
  settle: 6,
  piece: 7,
  gather: 8,
  gathered: 9,
  farewells: 10
} as const

export type FrameKind = Exclude<keyof typeof frameKinds, 'piece'>

/** What operators see of a link. */
export interface LinkFigures {
  /** Batches that were sent, and their bytes, since the link began; those that were sent again count anew. */
  readonly batches: number
  readonly bytes: number
  readonly resent: number
  /** Times that a batch of the peer was missing and asked for. */
  readonly gaps: number
  /** Bytes that wait to be sent, and bytes that were sent and are not acknowledged. */
  readonly queueBytes: number
  readonly unackedBytes: number
  /** Milliseconds since the oldest unacknowledged batch was sent; 0: there is none. */
  readonly lag: number
}

/** The link to one start of another gateway. */
export interface Link {
  readonly frontendId: string
  /** The start number of that gateway's process. */
  readonly start: number
  /** Version of the link's protocol that both ends speak. */
  readonly version: number
  readonly isOpen: boolean
  /** Whether its queue has room. Without room an operation is to be refused, and an event to be dropped. */
  readonly hasRoom: boolean
  /** Number of pieces of long frames that have come over it. */
  readonly piecesTaken: number
  /**
   * Returns how many bytes a session may have which is sent now. 0: none is to be sent, since the queue is to
   * keep room for operations and events. `isAlone`: no other session is on its way over this link. One always
   * may be, however many events there are.
   */
  roomToMove(isAlone: boolean): number
  /** Operations for that gateway. What is written during one turn of the event loop leaves as one message. */
  readonly outbox: Outbox
  /** Answers for operations of that gateway. */
  readonly inbox: Inbox
  /**
   * Has what was written to `outbox` and `inbox` sent at the end of this turn of the event loop, or at once
   * if it is much. To be called for each operation and answer. `characters`: of its long texts, such as the
   * body of an event.
   */
  flushSoon(characters?: number): void
  /**
   * Has an event that is written next, and that nobody waits for, counted as lost if the link ends before its
   * peer has acknowledged it.
   */
  noteEvent(): void
  /** Sends a frame behind all that was written before, in the same order. */
  send(kind: Exclude<FrameKind, 'outbox' | 'inbox'>, items: readonly Item[]): void
  /** Calls `done` once the peer has taken in all that was written until now; false if the link ends first. */
  whenTakenIn(done: (isTakenIn: boolean) => void): void
  /** Returns its figures of this moment, for the console and the metrics. */
  figures(): LinkFigures
}

/**
 * Receives the frames of one kind, in the order in which they were sent. `age`: milliseconds since the frame
 * was written, estimated. If it throws, the frame was unreadable, and the link ends.
 */
export type FrameReader = (from: Link, items: readonly Item[], age: number) => void

export interface LinkListener {
  linkUp?(link: Link): void
  /**
   * The link has ended: the start at its other end is over, or the own one, or a message could not be taken
   * in. In the last case another link to the same start follows. What waits for the link has failed.
   */
  linkDown?(link: Link): void
}

export interface Links {
  /** The links that are open. */
  readonly all: readonly Link[]
  /** Names of gateways that are there, but whose link has ended, and whose next one has not begun. */
  readonly broken: readonly string[]
  find(frontendId: string): Link | undefined
  ofStart(start: number): Link | undefined
  /** Sets the reader of a kind of frames. To be called before the first link is made. */
  read(kind: FrameKind, reader: FrameReader): void
  watch(listener: LinkListener): void
}

/** Links whose next flush others may add to. */
export interface FlushedLinks extends Links {
  /** Calls `run` once, at the end of this turn of the event loop, before what was written leaves. */
  beforeFlush(run: () => void): void
}

/**
 * Messages of the link: their kinds and heads. Frozen: a kind is never renumbered, and the first four items
 * are the same in each version.
 *
 *   data   version, kind, from, epoch, number, ack, allAck, cursor, sentAt, then frames:
 *            kind, characters of its items, items …
 *   ack    version, kind, from, epoch, ack, allAck, sentAt
 *   again  version, kind, from, epoch, number, isAll
 *   end    version, kind, from, epoch
 *   all    version, kind, from, 0, count, for each gateway: start, epoch, number, ack; then sentAt, frames
 */
import { formatItems, type ItemReader, UnreadableBatchError } from './batch-text.js'
import type { Item } from './links.js'

/** Versions of the protocol that this release speaks: the least and the most. */
export const linkVersions = { least: 1, most: 1 } as const

export const messageKinds = { data: 0, ack: 1, again: 2, end: 3, all: 4 } as const

/** The items that each message begins with. */
export interface MessageHead {
  readonly version: number
  readonly kind: number
  /** The start number of the sender. */
  readonly from: number
  /** Counts the links that the two starts have had. */
  readonly epoch: number
}

export interface DataHead {
  readonly number: number
  /** Number of the last batch of the other direction that was taken in. */
  readonly ack: number
  /** Kept for later, as `cursor` is: 0. */
  readonly allAck: number
  readonly cursor: number
  /** When the batch was written, by the sender's clock, in whole milliseconds. */
  readonly sentAt: number
}

export interface AckHead {
  readonly ack: number
  readonly allAck: number
  readonly sentAt: number
}

export function formatHead({ version, kind, from, epoch }: MessageHead): string {
  return `${version};${kind};${from};${epoch};`
}

/** @throws UnreadableBatchError */
export function readHead(reader: ItemReader): MessageHead {
  return { version: reader.whole(), kind: reader.whole(), from: reader.whole(), epoch: reader.whole() }
}

export function formatData({ number, ack, allAck, cursor, sentAt }: DataHead): string {
  return `${number};${ack};${allAck};${cursor};${sentAt};`
}

export function readData(reader: ItemReader): DataHead {
  return {
    number: reader.whole(),
    ack: reader.whole(),
    allAck: reader.whole(),
    cursor: reader.whole(),
    sentAt: reader.whole()
  }
}

export function formatAck({ ack, allAck, sentAt }: AckHead): string {
  return `${ack};${allAck};${sentAt};`
}

export function readAck(reader: ItemReader): AckHead {
  return { ack: reader.whole(), allAck: reader.whole(), sentAt: reader.whole() }
}

/** Returns a frame as text. */
export function formatFrame(kind: number, items: readonly Item[]): string {
  const text = formatItems(items)
  return `${kind};${text.length};${text}`
}

/** Reads the kind and the length of a frame's items. Checks that they are there. */
export function readFrame(reader: ItemReader): { readonly kind: number; readonly characters: number } {
  return { kind: reader.whole(), characters: reader.whole() }
}

/** Reads the end of a message. */
export function readEnd(reader: ItemReader): void {
  if (!reader.isAtEnd) throw new UnreadableBatchError('a message with more behind its end')
}

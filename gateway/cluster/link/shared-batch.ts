/**
 * A batch with the same frames for several gateways, which goes to all gateways as one message. In each link
 * it has a number as any other, and it is acked, and sent again, link by link.
 */
import { type ItemReader, UnreadableBatchError } from './batch-text.js'
import { type DataHead, formatHead, messageKinds } from './messages.js'
import type { PeerLink } from './peer-link.js'

/** What a shared batch is in one link. */
export interface SharedEntry {
  readonly start: number
  readonly epoch: number
  readonly number: number
  readonly ack: number
}

/** Links with the same frames from which on these go to all gateways as one message. */
const leastLinks = 3

/** Links that a shared batch may have; far more than there are. */
const mostEntries = 4_096

/** Collects the links of a batch while they are flushed. */
export class SharedBatch {
  /** Its frames. */
  readonly text: string
  readonly version: number
  readonly #entries: SharedEntry[] = []

  constructor(text: string, version: number) {
    this.text = text
    this.version = version
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  add(entry: SharedEntry): void {
    this.#entries.push(entry)
  }

  /** Returns the message. */
  format(from: number, sentAt: number): string {
    const { version } = this
    let text = `${formatHead({ version, kind: messageKinds.all, from, epoch: 0 })}${this.#entries.length};`
    for (const { start, epoch, number, ack } of this.#entries) text += `${start};${epoch};${number};${ack};`
    return `${text}${sentAt};${this.text}`
  }
}

/**
 * Returns a batch with the frames that more than half of all gateways are about to get.
 *
 * @param links those that are about to be flushed
 * @param all the number of links that there are
 */
export function findShared(links: readonly PeerLink[], all: number): SharedBatch | undefined {
  if (links.length < leastLinks || links.length <= all / 2) return undefined
  // The text that more than half have, if there is one: each other text takes one vote away.
  let text = ''
  let votes = 0
  let version = 0
  for (const link of links) {
    const own = link.collect()
    if (votes === 0) {
      text = own
      version = link.version
    }
    votes += own === text ? 1 : -1
  }
  if (text === '') return undefined
  let count = 0
  for (const link of links) if (link.version === version && link.collect() === text) count++
  return count >= leastLinks && count > all / 2 ? new SharedBatch(text, version) : undefined
}

/**
 * Reads what a shared batch is in the link to one start. Returns undefined if it is nothing there.
 *
 * @throws UnreadableBatchError
 */
export function readShared(
  reader: ItemReader,
  ownStart: number | undefined
): { readonly epoch: number; readonly head: DataHead } | undefined {
  const count = reader.whole()
  if (count > mostEntries) throw new UnreadableBatchError(`a batch for ${count} gateways`)
  let own: Omit<SharedEntry, 'start'> | undefined
  for (let index = 0; index < count; index++) {
    const start = reader.whole()
    const entry = { epoch: reader.whole(), number: reader.whole(), ack: reader.whole() }
    if (start === ownStart) own = entry
  }
  const sentAt = reader.whole()
  if (own === undefined) return undefined
  const { epoch, number, ack } = own
  return { epoch, head: { number, ack, allAck: 0, cursor: 0, sentAt } }
}

/** The frames of a link's next batch, as text: of what was written to its boxes, and of all other frames. */
import { Inbox } from '../../../shared/link/inbox.js'
import { Outbox } from '../../../shared/link/outbox-writer.js'
import { formatItems } from './batch-text.js'
import { frameKinds, type Item } from './links.js'
import { formatFrame } from './messages.js'
import { cutText } from './pieces.js'

/** Characters at which a batch leaves at once. */
export const batchLength = 48_000

export class BatchWriter {
  readonly outbox = new Outbox()
  readonly inbox = new Inbox()
  /** Called with the frames of a batch that is complete. */
  readonly #onBatch: (text: string) => void
  readonly #longest: () => number
  #text = ''

  /** @param longest returns the characters that the frames of a batch may have */
  constructor(longest: () => number, onBatch: (text: string) => void) {
    this.#longest = longest
    this.#onBatch = onBatch
  }

  /** Whether there are frames. What the boxes hold is no frame before `collect`. */
  get isEmpty(): boolean {
    return this.#text === ''
  }

  /** The frames of the next batch. */
  get text(): string {
    return this.#text
  }

  /** Makes frames of what was written to the boxes. */
  collect(): void {
    if (!this.inbox.isEmpty) this.add(frameKinds.inbox, this.inbox.take())
    if (!this.outbox.isEmpty) this.add(frameKinds.outbox, this.outbox.take())
  }

  add(kind: number, items: readonly Item[]): void {
    const text = formatItems(items)
    const longest = this.#longest()
    if (text.length > longest) return this.#addPieces(kind, text, longest)
    if (this.#text.length + text.length > longest) this.cut()
    this.#text += `${kind};${text.length};${text}`
    if (this.#text.length >= batchLength) this.cut()
  }

  #addPieces(kind: number, text: string, longest: number): void {
    this.cut()
    cutText(kind, text, longest, piece => {
      this.#text = formatFrame(frameKinds.piece, piece)
      this.cut()
    })
  }

  /** Completes the batch, if it has frames. */
  cut(): void {
    const text = this.#text
    if (text === '') return
    this.#text = ''
    this.#onBatch(text)
  }

  /** Forgets all. */
  clear(): void {
    this.outbox.take()
    this.inbox.take()
    this.#text = ''
  }
}

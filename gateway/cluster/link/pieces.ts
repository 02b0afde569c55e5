/** Frames that are too long for one message, as pieces of their text, and put together again. */
import { type ItemReader, parseItems, UnreadableBatchError } from './batch-text.js'
import { type FrameReader, frameKinds, type Item, type Link } from './links.js'
import { readFrame } from './messages.js'

/** Bytes of a message beside its frames, at the most. */
const headBytes = 1_024

/** Characters of a piece at the most: even with two bytes for each, a message stays below 1 MiB. */
const mostCharacters = 480_000

/** Bytes that the bus must take in one message: far more than the head of a message needs. */
export const leastBytes = 16_384

/** Returns the characters that the frames of one message may have, by the bytes that the bus takes. */
export function pieceLength(maxBytes: number): number {
  return Math.min(mostCharacters, Math.floor((Math.max(maxBytes, leastBytes) - headBytes) / 2))
}

/** Characters that the pieces of one frame may have together. */
const longest = 128 * 2 ** 20

/** Calls `add` with the items of each piece: the frame's kind, whether it is the last, and its text. */
export function cutText(
  kind: number,
  text: string,
  longest: number,
  add: (items: readonly Item[]) => void
): void {
  for (let at = 0; at < text.length; at += longest) {
    const end = at + longest
    add([kind, end >= text.length ? 1 : 0, text.slice(at, end)])
  }
}

/** Takes in the frames of a link, in order, and puts those together that come in pieces. */
export class IncomingFrames {
  readonly #link: Link
  readonly #readers: readonly (FrameReader | undefined)[]
  /** Number of pieces so far. */
  piecesTaken = 0
  #parts: string[] = []
  #length = 0

  /** @param readers the readers of frames, by kind */
  constructor(link: Link, readers: readonly (FrameReader | undefined)[]) {
    this.#link = link
    this.#readers = readers
  }

  /**
   * Takes the next frame of a batch in. A kind that has no reader is skipped.
   *
   * @throws UnreadableBatchError, and what a reader of frames throws
   */
  take(reader: ItemReader, age: number): void {
    const { kind, characters } = readFrame(reader)
    if (kind === frameKinds.piece) return this.#takePiece(reader.items(characters), age)
    // The pieces of a frame come without another frame between them.
    if (this.#parts.length > 0) throw new UnreadableBatchError('a frame between the pieces of another')
    const read = this.#readers[kind]
    if (read === undefined) reader.skip(characters)
    else read(this.#link, reader.items(characters), age)
  }

  #takePiece(items: readonly Item[], age: number): void {
    const [kind, isLast, text] = items
    if (typeof kind !== 'number' || typeof text !== 'string' || (isLast !== 0 && isLast !== 1))
      throw new UnreadableBatchError('a piece that is none')
    this.piecesTaken++
    this.#length += text.length
    if (this.#length > longest) throw new UnreadableBatchError(`pieces of more than ${longest} characters`)
    this.#parts.push(text)
    if (isLast === 0) return
    const whole = this.#parts.join('')
    this.#parts = []
    this.#length = 0
    this.#readers[kind]?.(this.#link, parseItems(whole), age)
  }
}

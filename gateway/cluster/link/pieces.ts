/** Frames that are too long for one message, as pieces of their text, and put together again. */
import { UnreadableBatchError } from './batch-text.js'
import type { Item } from './links.js'

/** Bytes of a message beside its frames, at the most. */
const headBytes = 1_024

/** Characters of a piece at the most: even with two bytes for each, a message stays below 1 MiB. */
const mostCharacters = 480_000

/** Returns the characters that the frames of one message may have, by the bytes that the bus takes. */
export function pieceLength(maxBytes: number): number {
  return Math.min(mostCharacters, Math.floor((maxBytes - headBytes) / 2))
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

/** Puts pieces together. They come in order, and without another frame between them. */
export class Pieces {
  #parts: string[] = []
  #length = 0

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** Takes a piece. Returns the frame behind its last one. */
  add(items: readonly Item[]): { readonly kind: number; readonly text: string } | undefined {
    const [kind, isLast, text] = items
    if (typeof kind !== 'number' || typeof text !== 'string' || (isLast !== 0 && isLast !== 1))
      throw new UnreadableBatchError('a piece that is none')
    this.#length += text.length
    if (this.#length > longest) throw new UnreadableBatchError(`pieces of more than ${longest} characters`)
    this.#parts.push(text)
    if (isLast === 0) return undefined
    const all = this.#parts.join('')
    this.#parts = []
    this.#length = 0
    return { kind, text: all }
  }
}

/** Reads items of a frame that another gateway has sent: a wall, behind which each has its type. */
import { UnreadableBatchError } from '../link/batch-text.js'
import type { Item } from '../link/links.js'

/** Reads items one after the other, and checks the type of each. */
export class CheckedItems {
  readonly #what: string
  readonly #items: readonly Item[]
  #at = 0

  /** @param what the items describe, for the error: "a session" */
  constructor(what: string, items: readonly Item[]) {
    this.#what = what
    this.#items = items
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#items.length
  }

  text(): string {
    const item = this.#items[this.#at++]
    return typeof item === 'string' ? item : this.#refuse('a text')
  }

  textOrNull(): string | null {
    return this.#items[this.#at] === null ? this.#null() : this.text()
  }

  number(): number {
    const item = this.#items[this.#at++]
    return typeof item === 'number' ? item : this.#refuse('a number')
  }

  numberOrNull(): number | null {
    return this.#items[this.#at] === null ? this.#null() : this.number()
  }

  count(): number {
    const number = this.number()
    return Number.isSafeInteger(number) && number >= 0 ? number : this.#refuse('a whole number')
  }

  counts(length: number): number[] {
    return Array.from({ length }, () => this.count())
  }

  flag(): boolean {
    const number = this.number()
    return number === 0 || number === 1 ? number === 1 : this.#refuse('0 or 1')
  }

  oneOf<Text extends string>(texts: readonly Text[]): Text {
    const text = this.text()
    return texts.find(each => each === text) ?? this.#refuse(texts.map(each => `"${each}"`).join(' or '))
  }

  texts(): string[] {
    return this.list(() => this.text())
  }

  list<Value>(read: () => Value): Value[] {
    const length = this.count()
    if (length > this.#items.length - this.#at) this.#refuse(`${length} more`)
    return Array.from({ length }, read)
  }

  #null(): null {
    this.#at++
    return null
  }

  #refuse(expected: string): never {
    throw new UnreadableBatchError(`${this.#what} without ${expected} at item ${this.#at - 1}`)
  }
}

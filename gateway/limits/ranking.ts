/**
 * A ranking of items by weights that change. The heaviest item is known at any moment.
 *
 * The ranking is a binary heap in which each item knows its index. A change takes O(log n) steps for n items,
 * and a small change few or none.
 */

/** The entry of an item in a ranking. */
export interface Rank<Item> {
  readonly item: Item
  readonly weight: number
}

interface Node<Item> extends Rank<Item> {
  weight: number
  /** Index in the heap: the children of `i` are at `2 i + 1` and `2 i + 2`. -1 after its removal. */
  index: number
}

export class Ranking<Item> {
  readonly #heap: Node<Item>[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The entry with the greatest weight, any one if several are equal; undefined if there is no entry. */
  get top(): Rank<Item> | undefined {
    return this.#heap[0]
  }

  add(item: Item, weight: number): Rank<Item> {
    const node = { item, weight, index: this.#heap.length }
    this.#heap.push(node)
    this.#rise(node)
    return node
  }

  change(rank: Rank<Item>, weight: number): void {
    const node = rank as Node<Item>
    if (node.index < 0) return
    const hasGrown = weight > node.weight
    node.weight = weight
    if (hasGrown) this.#rise(node)
    else this.#sink(node)
  }

  /** Removes an entry. Does nothing if it was removed before. */
  remove(rank: Rank<Item>): void {
    const node = rank as Node<Item>
    const { index } = node
    if (index < 0) return
    const last = this.#heap.pop()!
    node.index = -1
    if (last === node) return
    this.#put(last, index)
    this.#rise(last)
    this.#sink(last)
  }

  #rise(node: Node<Item>): void {
    while (node.index > 0) {
      const { index } = node
      const parent = this.#heap[(index - 1) >> 1]!
      if (parent.weight >= node.weight) return
      this.#put(node, parent.index)
      this.#put(parent, index)
    }
  }

  #sink(node: Node<Item>): void {
    for (;;) {
      const { index } = node
      const left = this.#heap[2 * index + 1]
      const right = this.#heap[2 * index + 2]
      if (left === undefined) return
      const child = right !== undefined && right.weight > left.weight ? right : left
      if (child.weight <= node.weight) return
      this.#put(node, child.index)
      this.#put(child, index)
    }
  }

  #put(node: Node<Item>, index: number): void {
    this.#heap[index] = node
    node.index = index
  }
}

/**
 * A table from hashes to 32 bits in typed arrays: about 25 bytes a hash, where a Map takes 172.
 * It has 64 parts, each with open addressing, so that no growth takes long.
 */

/** Number of parts: a power of two. */
const partCount = 64

/** Places of a new part: a power of two. */
const leastPlaces = 16

/** Share of the places that may be used. */
const mostUsed = 0.75

export class HashTable {
  readonly #parts = Array.from({ length: partCount }, () => new Part())

  /** Number of hashes with bits. */
  get size(): number {
    return this.#parts.reduce((sum, { size }) => sum + size, 0)
  }

  /** Bytes of the arrays. */
  get bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Returns the bits of a hash; 0: it has none. */
  get(hash: number): number {
    return this.#partOf(hash).get(hash)
  }

  /** Sets the bits of a hash, as 32 of them. 0 removes it. */
  set(hash: number, bits: number): void {
    this.#partOf(hash).set(hash, bits)
  }

  /** Takes these bits away from all hashes. */
  clear(bits: number): void {
    for (const part of this.#parts) part.clear(bits)
  }

  #partOf(hash: number): Part {
    return this.#parts[hash % partCount]!
  }
}

/** Part of a table. A place whose hash is 0 is free. One without bits is used until the next rebuilding. */
class Part {
  /** Number of hashes with bits. */
  size = 0
  #used = 0
  #hashes = new Float64Array(leastPlaces)
  #bits = new Uint32Array(leastPlaces)

  get bytes(): number {
    return this.#hashes.byteLength + this.#bits.byteLength
  }

  get(hash: number): number {
    return this.#bits[this.#find(hash)]!
  }

  set(hash: number, bits: number): void {
    let at = this.#find(hash)
    if (this.#hashes[at] === 0) {
      if (bits === 0) return
      if (this.#used + 1 > this.#hashes.length * mostUsed) {
        this.#rebuild()
        at = this.#find(hash)
      }
      this.#hashes[at] = hash
      this.#used++
    }
    if (this.#bits[at] === 0) this.size++
    this.#bits[at] = bits
    if (bits !== 0) return
    this.size--
    this.#shrink()
  }

  clear(bits: number): void {
    const all = this.#bits
    for (let at = 0; at < all.length; at++) {
      const before = all[at]!
      if (before === 0) continue
      all[at] = before & ~bits
      if (all[at] === 0) this.size--
    }
    this.#shrink()
  }

  /** Rebuilds the part if few of its places are used by hashes with bits. */
  #shrink(): void {
    if (this.#hashes.length > leastPlaces && this.size < this.#hashes.length / 8) this.#rebuild()
  }

  /** Moves the hashes with bits to arrays that have room for some more. */
  #rebuild(): void {
    let places = leastPlaces
    while (this.size + 1 > (places * mostUsed) / 1.5) places *= 2
    const hashes = this.#hashes
    const bits = this.#bits
    this.#hashes = new Float64Array(places)
    this.#bits = new Uint32Array(places)
    this.#used = this.size
    for (let from = 0; from < hashes.length; from++) {
      if (bits[from] === 0) continue
      const at = this.#find(hashes[from]!)
      this.#hashes[at] = hashes[from]!
      this.#bits[at] = bits[from]!
    }
  }

  /** Returns the place of a hash, or the free one where it belongs. */
  #find(hash: number): number {
    const hashes = this.#hashes
    const last = hashes.length - 1
    let at = Math.floor(hash / partCount) & last
    while (hashes[at] !== 0 && hashes[at] !== hash) at = (at + 1) & last
    return at
  }
}

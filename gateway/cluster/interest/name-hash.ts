/**
 * Names of users and channels as numbers of 53 bits, and lists of them as texts. Frozen: all gateways of a
 * cluster reckon alike.
 */

/** What a name is of. Users and channels of the same name have different hashes. */
export const nameKinds = { user: 1, channel: 2 } as const

export type NameKind = keyof typeof nameKinds

/** Returns the hash of a name (cyrb53): an integer above 0. Two names hardly ever have the same. */
export function hashName(kind: NameKind, name: string): number {
  // The kind is multiplied like a character: as a mere seed, it would only change the first one.
  let one = Math.imul(0xdeadbeef ^ nameKinds[kind], 2654435761)
  let other = Math.imul(0x41c6ce57 ^ nameKinds[kind], 1597334677)
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    one = Math.imul(one ^ code, 2654435761)
    other = Math.imul(other ^ code, 1597334677)
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909)
  other = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909)
  return (other & 0x1fffff) * 0x1_0000_0000 + (one >>> 0) || 1
}

/** Characters of a hash in a text. */
const packedLength = 7

/** Returns a hash as 7 characters of one byte, the lowest byte first. */
export function packHash(hash: number): string {
  const low = hash >>> 0
  const high = (hash - low) / 0x1_0000_0000
  return String.fromCharCode(
    low & 0xff,
    (low >>> 8) & 0xff,
    (low >>> 16) & 0xff,
    low >>> 24,
    high & 0xff,
    (high >>> 8) & 0xff,
    (high >>> 16) & 0xff
  )
}

/** Calls `take` with each hash of a text. Throws for a text that is no list of hashes. */
export function unpackHashes(text: string, take: (hash: number) => void): void {
  if (text.length % packedLength !== 0) throw new Error(`hashes of ${text.length} characters`)
  for (let at = 0; at < text.length; at += packedLength) {
    const code = (index: number) => text.charCodeAt(at + index) & 0xff
    const low = (code(0) | (code(1) << 8) | (code(2) << 16) | (code(3) << 24)) >>> 0
    const high = code(4) | (code(5) << 8) | (code(6) << 16)
    take((high & 0x1fffff) * 0x1_0000_0000 + low)
  }
}

/**
 * Inputs for fuzzing: random bytes, and recorded messages with some bytes changed. The same seed creates the
 * same inputs.
 */
import { readText } from '../helpers/sources.js'

/** Creates a generator of numbers from 0 up to 1 from a seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Bytes with a meaning in the wire formats: flags, lengths, and signs of JSON and UTF-8. */
const telling = [0, 1, 2, 4, 6, 7, 0x20, 0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xed, 0xff]

/** Changes, removes, doubles or adds some bytes. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  let changed = [...bytes]
  const at = () => Math.floor(random() * (changed.length + 1))
  const byte = () =>
    random() < 0.5 ? telling[Math.floor(random() * telling.length)]! : Math.floor(random() * 256)
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    const place = at()
    const kind = random()
    if (kind < 0.5) changed[Math.min(place, Math.max(0, changed.length - 1))] = byte()
    else if (kind < 0.65) changed.splice(place, 1 + Math.floor(random() * 4))
    else if (kind < 0.8) changed.splice(place, 0, byte())
    else if (kind < 0.9) changed = [...changed.slice(0, place), ...changed.slice(Math.floor(place / 2))]
    else changed = changed.slice(0, place)
  }
  return Uint8Array.from(changed.slice(0, 4_096))
}

export function randomBytes(random: () => number): Uint8Array {
  return Uint8Array.from({ length: Math.floor(random() * 64) }, () => Math.floor(random() * 256))
}

const encode = (text: string) => new TextEncoder().encode(text)

/** Valid packages of clients and gateways. */
export const packages: readonly Uint8Array[] = readPackages()

function readPackages(): Uint8Array[] {
  const { messages, counts, malformed } = JSON.parse(
    readText('docs/reference/vectors/packages.json')
  ) as Record<string, { hex: string }[]>
  return [...messages!, ...counts!, ...malformed!].map(({ hex }) => Uint8Array.from(Buffer.from(hex, 'hex')))
}

export const texts: readonly Uint8Array[] = [
  '[1,"score.add",{"points":3}]',
  ' [ 0 , "a\\u002eb" ] ',
  '[4294967295,"score.add",[[[[]]]]]',
  '[2,"räd"]'
].map(encode)

export const handshakes: readonly Uint8Array[] = [
  '{"sys":{"type":"js-websocket","version":"0.0.1"},"user":{"a":[1]}}',
  '{"sys":{"type":"sallyport","version":"1","errorFlag":true,"bodies":"superjson","resume":true}}',
  '{"sys":{"type":"sallyport","resume":{"token":"abcdefghijklmnopqrstuv","epoch":"abc","received":17}}}'
].map(encode)

/** Bodies in superjson's form. */
export const bodies: readonly Uint8Array[] = [
  '{"json":{"points":3}}',
  '{"json":{"at":"2026-01-01T00:00:00.000Z","teams":[["red",["ann"]]]},"meta":{"values":{"at":["Date"],"teams":["map",{"0.1":["set"]}]},"v":1}}',
  '{"json":{"a":[1,2],"b":"7","c":null},"meta":{"values":{"a":[["typed-array","Uint8Array"]],"b":["bigint"],"c":["undefined"]},"v":1}}',
  '{"json":{"e":{"name":"TypeError","message":"m"},"u":"http://a.example/"},"meta":{"values":{"e":["Error"],"u":["URL"]},"v":1}}'
].map(encode)

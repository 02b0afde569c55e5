/** Values beyond JSON that a body can hold, for property tests. */
import fc from 'fast-check'

export const richKeys = fc
  .oneof(fc.string(), fc.constantFrom('a.b', 'a\\', '\\.', '', '0', 'length', 'toString', 'then'))
  .filter(key => key !== '__proto__' && key !== 'constructor' && key !== 'prototype')

/** Typed arrays that superjson can encode. They hold no numbers that it loses in them, such as -0 and NaN. */
export const richBytes = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc
    .array(fc.double({ noNaN: true, noDefaultInfinity: true }).filter(each => !Object.is(each, -0)))
    .map(each => Float64Array.from(each))
)

export const richValues = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, '\ud800', '\u2028', '__proto__'),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.constantFrom(undefined, Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.webUrl().map(url => new URL(url)),
    richBytes,
    fc.string().map(message => new TypeError(message, { cause: message })),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(richKeys, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 4 }).map(each => new Set(each)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map(each => new Map(each))
  )
})).value

import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../../shared/errors.js'
import {
  decodePackages,
  encodePackage,
  maxPackageBody,
  type PackageKind,
  packageHeaderSize,
  packageKinds,
  writePackageHeader
} from '../../../shared/wire/package.js'
import { pomeloProtocol } from '../../helpers/pomelo-protocol.js'

const allKinds = Object.values(packageKinds)
const text = new TextEncoder()

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 80 }).map(value => text.encode(value)),
  fc.constantFrom('{"said":"你好，世界"}', '{"said":"🎮🎮"}').map(value => text.encode(value)),
  // Lengths that need the second and the third byte.
  fc.constantFrom(255, 256, 65535, 65536, 70000).map(length => new Uint8Array(length).fill(7))
)
const anyPackage = fc.record({ kind: fc.constantFrom(...allKinds), body: anyBody })

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Whether a decoder returns, or throws the one error that is allowed for bytes from outside. */
function returnsOrRefuses(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (error) {
    return error instanceof GatewayError && error.code === 'FRAME_MALFORMED'
  }
}

t.test('each kind of package has these bytes and no others', t => {
  const rows: [PackageKind, number[], number[]][] = [
    [packageKinds.handshake, [0x7b, 0x7d], [1, 0, 0, 2, 0x7b, 0x7d]],
    [packageKinds.handshakeAck, [], [2, 0, 0, 0]],
    [packageKinds.heartbeat, [], [3, 0, 0, 0]],
    [packageKinds.data, [4, 1, 0x61], [4, 0, 0, 3, 4, 1, 0x61]],
    [packageKinds.kick, [0x7b, 0x7d], [5, 0, 0, 2, 0x7b, 0x7d]]
  ]
  for (const [kind, body, bytes] of rows) {
    t.same([...encodePackage(kind, Uint8Array.from(body))], bytes)
    t.same(decodePackages(Uint8Array.from(bytes)), [{ kind, start: 4, end: bytes.length }])
  }
  t.same([...encodePackage(packageKinds.heartbeat)], [3, 0, 0, 0], 'no body is an empty body')
  t.end()
})

t.test('the length is three bytes, the highest first', t => {
  const bytes = encodePackage(packageKinds.data, new Uint8Array(0x010203))
  t.same([...bytes.subarray(0, 4)], [4, 1, 2, 3])
  t.same(decodePackages(bytes), [{ kind: packageKinds.data, start: 4, end: 0x010203 + 4 }])
  t.end()
})

t.test('several packages in one message come out in their order', t => {
  t.same(decodePackages(Uint8Array.of(2, 0, 0, 0, 4, 0, 0, 1, 9, 3, 0, 0, 0)), [
    { kind: packageKinds.handshakeAck, start: 4, end: 4 },
    { kind: packageKinds.data, start: 8, end: 9 },
    { kind: packageKinds.heartbeat, start: 13, end: 13 }
  ])
  t.end()
})

t.test('a body behind an ack or a heartbeat is let through', t => {
  t.same(decodePackages(Uint8Array.of(2, 0, 0, 1, 7)), [
    { kind: packageKinds.handshakeAck, start: 4, end: 5 }
  ])
  t.same(decodePackages(Uint8Array.of(3, 0, 0, 1, 7)), [{ kind: packageKinds.heartbeat, start: 4, end: 5 }])
  t.end()
})

t.test('what is not a row of packages is refused with the reason', t => {
  const rows: [string, number[], string][] = [
    ['an empty message', [], 'the message is empty'],
    ['a header that is cut off', [4, 0, 0], 'a package header takes 4 bytes, 3 are left'],
    ['a body that is cut off', [4, 0, 0, 2, 1], 'a package says it has 2 bytes, 1 are left'],
    [
      'a length far beyond the end',
      [4, 255, 255, 255, 1],
      'a package says it has 16777215 bytes, 1 are left'
    ],
    ['type 0', [0, 0, 0, 0], 'there is no package of type 0'],
    ['type 7', [7, 0, 0, 0], 'there is no package of type 7'],
    ['a second package that is cut off', [3, 0, 0, 0, 4], 'a package header takes 4 bytes, 1 are left'],
    ['a second package of no type', [3, 0, 0, 0, 9, 0, 0, 0], 'there is no package of type 9']
  ]
  for (const [name, bytes, why] of rows) {
    t.throws(
      () => decodePackages(Uint8Array.from(bytes)),
      { code: 'FRAME_MALFORMED', message: `The frame can't be read: ${why}` },
      name
    )
  }
  t.end()
})

t.test('a header that can not be written is a RangeError and writes nothing', t => {
  const target = new Uint8Array(8)
  const { data } = packageKinds
  for (const length of [maxPackageBody + 1, -1, 1.5, Number.NaN, 2 ** 32]) {
    t.throws(() => writePackageHeader(target, 0, data, length), RangeError, `a length of ${length}`)
  }
  t.throws(() => writePackageHeader(target, 5, data, 0), RangeError, 'no room')
  t.same([...target], [0, 0, 0, 0, 0, 0, 0, 0])
  t.throws(() => encodePackage(data, new Uint8Array(maxPackageBody + 1)), RangeError)
  t.equal(writePackageHeader(target, 4, data, maxPackageBody), 8)
  t.same([...target], [0, 0, 0, 0, 4, 255, 255, 255])
  t.equal(decodePackages(encodePackage(data, new Uint8Array(maxPackageBody)))[0]?.end, maxPackageBody + 4)
  t.end()
})

t.test('any row of packages is read back as it was written', t => {
  fc.assert(
    fc.property(fc.array(anyPackage, { minLength: 1, maxLength: 8 }), packages => {
      const bytes = joined(packages.map(({ kind, body }) => encodePackage(kind, body)))
      const read = decodePackages(bytes)
      return (
        read.length === packages.length &&
        read.every(({ kind, start, end }, i) => {
          const expected = packages[i]!
          return kind === expected.kind && Buffer.from(expected.body).equals(bytes.subarray(start, end))
        })
      )
    }),
    { numRuns: 300 }
  )
  t.pass('300 rows of packages')
  t.end()
})

t.test('what we write is what pomelo-protocol reads and writes', t => {
  fc.assert(
    fc.property(fc.array(anyPackage, { minLength: 1, maxLength: 6 }), packages => {
      const ours = joined(packages.map(({ kind, body }) => encodePackage(kind, body)))
      const theirs = joined(packages.map(({ kind, body }) => pomeloProtocol.Package.encode(kind, body)))
      if (!Buffer.from(ours).equals(theirs)) return false
      const read = [pomeloProtocol.Package.decode(ours)].flat()
      return (
        read.length === packages.length &&
        read.every(({ type, body }, i) => {
          const expected = packages[i]!
          return type === expected.kind && Buffer.from(expected.body).equals(body ?? Buffer.alloc(0))
        })
      )
    }),
    { numRuns: 300 }
  )
  t.pass('300 rows of packages')
  t.end()
})

t.test('any bytes are packages that lie behind one another to the very end, or FRAME_MALFORMED', t => {
  const layout = (bytes: Uint8Array) => {
    let offset = 0
    for (const { kind, start, end } of decodePackages(bytes)) {
      if (start !== offset + packageHeaderSize || end < start || !allKinds.includes(kind))
        throw new Error('layout')
      offset = end
    }
    if (offset !== bytes.length) throw new Error('bytes were left over')
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => returnsOrRefuses(() => layout(bytes))),
    { numRuns: 2000 }
  )
  // Random bytes are rarely a package. A package with one wrong byte is decoded further.
  const broken = fc
    .tuple(fc.array(anyPackage, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat(255), fc.nat())
    .map(([packages, at, value, cut]) => {
      const bytes = joined(packages.map(({ kind, body }) => encodePackage(kind, body.subarray(0, 40))))
      bytes[at % bytes.length] = value
      return bytes.subarray(0, bytes.length - (cut % 3))
    })
  fc.assert(
    fc.property(broken, bytes => returnsOrRefuses(() => layout(bytes))),
    { numRuns: 2000 }
  )
  t.pass('4000 messages')
  t.end()
})

t.test('nothing outside of the given bytes is read', t => {
  // The view ends early. The bytes behind it in the buffer would complete the package.
  const memory = Uint8Array.of(9, 9, 4, 0, 0, 2, 1, 2, 3, 0, 0, 0)
  t.throws(() => decodePackages(memory.subarray(2, 7)), { code: 'FRAME_MALFORMED' })
  t.same(decodePackages(memory.subarray(2, 8)), [{ kind: packageKinds.data, start: 4, end: 6 }])
  t.end()
})

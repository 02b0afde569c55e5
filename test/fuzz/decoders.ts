/** What reads bytes of strangers, each fed with inputs: it may refuse them with a code of the table, and do nothing else. */

import { errors, GatewayError } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import { parseHandshake } from '../../shared/wire/handshake.js'
import { decodeMessage } from '../../shared/wire/message.js'
import { decodePackages, packageKinds } from '../../shared/wire/package.js'
import { decodeCount } from '../../shared/wire/resume.js'
import { scanRequest } from '../../shared/wire/text.js'
import { decodeBody } from '../../workers/running/body.js'
import { bodies, createRandom, handshakes, mutate, packages, randomBytes, texts } from './inputs.js'

interface Decoder {
  readonly name: string
  readonly samples: readonly Uint8Array[]
  readonly decode: (bytes: Uint8Array) => void
}

const decoders: readonly Decoder[] = [
  {
    name: 'packages and messages',
    samples: packages,
    decode(bytes) {
      for (const { kind, start, end } of decodePackages(bytes)) {
        if (kind === packageKinds.data) decodeMessage(bytes, start, end)
        if (kind === packageKinds.received) decodeCount(bytes, start, end)
        if (kind === packageKinds.handshake) parseHandshake(bytes.subarray(start, end))
      }
    }
  },
  { name: 'handshakes', samples: handshakes, decode: bytes => void parseHandshake(bytes) },
  { name: 'text', samples: texts, decode: bytes => void scanRequest(Buffer.from(bytes)) },
  {
    name: 'rich bodies',
    samples: bodies,
    decode: bytes =>
      void decodeBody(Buffer.from(bytes).toString('latin1'), requestFlags.rich, {
        maxBodyBytes: 65_536,
        maxBodyDepth: 64
      })
  }
]

const codes = new Set<string>(Object.values(errors).map(({ code }) => code))

export interface FuzzReport {
  readonly inputs: number
  readonly refused: number
  /** Inputs that were neither taken nor refused as they should be, in hexadecimal, with what happened. */
  readonly faults: readonly string[]
  /** Nanoseconds for each byte of the input that cost most, in a second look. */
  readonly dearest: number
}

/** Feeds so many inputs, in turn, to all decoders. */
export function fuzzDecoders(inputs: number, seed: number): FuzzReport {
  const random = createRandom(seed)
  const faults: string[] = []
  let refused = 0
  let dearest: { bytes: Uint8Array; decode: Decoder['decode']; nanos: number } = {
    bytes: new Uint8Array(),
    decode: () => {},
    nanos: 0
  }
  const run = (decode: Decoder['decode'], bytes: Uint8Array): unknown => {
    try {
      decode(bytes)
      return undefined
    } catch (error) {
      return error
    }
  }
  for (let i = 0; i < inputs; i++) {
    const { name, samples, decode } = decoders[i % decoders.length]!
    const bytes =
      random() < 0.2 ? randomBytes(random) : mutate(samples[Math.floor(random() * samples.length)]!, random)
    const start = performance.now()
    const error = run(decode, bytes)
    const nanos = ((performance.now() - start) * 1e6) / (bytes.length + 32)
    if (nanos > dearest.nanos) dearest = { bytes, decode, nanos }
    if (error === undefined) continue
    refused++
    if (error instanceof GatewayError && codes.has(error.code)) continue
    faults.push(`${name}: ${Buffer.from(bytes).toString('hex')}: ${error}`)
    if (faults.length >= 20) break
  }
  // What was dear the first time may only have met a collection of garbage.
  // Other work on the machine only adds.
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now()
    run(dearest.decode, dearest.bytes)
    return ((performance.now() - start) * 1e6) / (dearest.bytes.length + 32)
  })
  return { inputs, refused, faults, dearest: Math.round(Math.min(...times)) }
}

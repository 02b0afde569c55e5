/**
 * Feeds inputs to each decoder of bytes from strangers. A decoder may refuse an input with a code of the
 * table, and must not fail in another way.
 */

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
  /** Inputs that failed in another way than by a refusal, in hexadecimal, with the error. */
  readonly faults: readonly string[]
  /** Nanoseconds per byte of the slowest input, measured again. */
  readonly dearest: number
}

/** Feeds `inputs` inputs to the decoders, in turn. */
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
  // Measured again, since a garbage collection may have made the input slow. Other work on the machine only
  // adds time, so the minimum counts.
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now()
    run(dearest.decode, dearest.bytes)
    return ((performance.now() - start) * 1e6) / (dearest.bytes.length + 32)
  })
  return { inputs, refused, faults, dearest: Math.round(Math.min(...times)) }
}

/**
 * `npm run fuzz`: a million inputs, or as many as one likes. Fails if one was neither taken nor refused as it should be, if one cost
 * too much for its bytes, or if the heap has grown.
 */
import { parseArgs } from 'node:util'
import { sweptHeap } from '../helpers/swept-heap.js'
import { fuzzDecoders } from './decoders.js'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now()) }
  }
})
/** Nanoseconds for each byte of an input, and for 32 more. */
const mostNanos = 1_000
/** Bytes that the swept heap may grow by, from the first tenth of the inputs on: for what compiled code and caches take. */
const mostGrowth = 4 * 2 ** 20

const seed = Number(values.seed)
process.stdout.write(`seed ${seed}\n`)
const inputs = Number(values.inputs)
const warmUp = fuzzDecoders(Math.ceil(inputs / 10), seed)
const before = sweptHeap()
const report = fuzzDecoders(inputs - warmUp.inputs, seed + 1)
const growth = sweptHeap() - before
const faults = [...warmUp.faults, ...report.faults]
const refused = warmUp.refused + report.refused
const dearest = Math.max(warmUp.dearest, report.dearest)
if (dearest > mostNanos)
  faults.push(`An input cost ${dearest} ns for each of its bytes, and may cost ${mostNanos}`)
if (growth > mostGrowth) faults.push(`The heap has grown by ${growth} bytes, and may grow by ${mostGrowth}`)
process.stdout.write(`${JSON.stringify({ inputs, refused, dearest, growth, faults }, null, 2)}\n`)
process.exitCode = faults.length > 0 ? 1 : 0

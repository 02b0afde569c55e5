/**
 * `npm run fuzz`: a million inputs for the decoders, or as many as one likes, and conversations with a gateway. Fails if one was
 * neither taken nor refused as it should be, if one cost too much for its bytes, or if the heap has grown.
 */
import { parseArgs } from 'node:util'
import { createGateway } from '../../gateway/index.js'
import { sweptHeap } from '../helpers/swept-heap.js'
import { fuzzConversations, fuzzHandlers } from './conversations.js'
import { fuzzDecoders } from './decoders.js'
import { createRandom } from './inputs.js'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    conversations: { type: 'string', default: '20000' },
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
const gateway = await createGateway({
  handlers: fuzzHandlers,
  port: 0,
  workers: 2,
  logLevel: 'silent',
  resumeWindow: 0,
  maxFramesPerSecond: 0
})
const random = createRandom(seed)
const conversations = Number(values.conversations)
const first = await fuzzConversations(gateway.url, Math.ceil(conversations / 10), random)
const heapBefore = sweptHeap()
const rest = await fuzzConversations(gateway.url, conversations - first.conversations, random)
const growthByConversations = sweptHeap() - heapBefore
faults.push(...first.faults, ...rest.faults)
if (growthByConversations > mostGrowth)
  faults.push(`The gateway's heap has grown by ${growthByConversations} bytes, and may grow by ${mostGrowth}`)
const { workersLost } = gateway.metrics()
if (workersLost > 0) faults.push(`${workersLost} workers were lost`)
await gateway.close()

const decoders = { inputs, refused, dearest, growth }
const sockets = { conversations, closes: rest.closes, refusals: rest.refusals, growth: growthByConversations }
process.stdout.write(`${JSON.stringify({ decoders, sockets, faults }, null, 2)}\n`)
process.exitCode = faults.length > 0 ? 1 : 0

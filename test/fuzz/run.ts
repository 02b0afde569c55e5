/**
 * `npm run fuzz`: random inputs for the decoders, the log, clients and a gateway. A million inputs go to the
 * decoders by default. The gateway gets conversations and HTTP streams. Fails if an input was neither
 * accepted nor refused correctly, if it took too long for its size, or if the heap has grown.
 */
import { createGateway } from '../../gateway/index.js'
import { readCommandOptions } from '../helpers/command-options.js'
import { sweptHeap } from '../helpers/swept-heap.js'
import { fuzzConversations, fuzzHandlers } from './conversations.js'
import { fuzzDecoders } from './decoders.js'
import { fuzzHeaders } from './headers.js'
import { fuzzHttp } from './http.js'
import { createRandom } from './inputs.js'
import { fuzzLinks } from './links.js'
import { fuzzLogText } from './log-text.js'
import { fuzzToldTexts } from './told-texts.js'

const values = readCommandOptions({
  inputs: { type: 'string', default: '1000000' },
  upgrades: { type: 'string', default: '1000000' },
  lines: { type: 'string', default: '500000' },
  batches: { type: 'string', default: '200000' },
  visits: { type: 'string', default: '5000' },
  conversations: { type: 'string', default: '20000' },
  streams: { type: 'string', default: '50000' },
  seed: { type: 'string', default: String(Date.now()) }
})
/** Maximum nanoseconds per byte of an input. A decoder's input counts as 32 bytes longer, headers as 100. */
const mostNanos = 1_000
/**
 * Bytes by which the swept heap may grow after the first tenth of the inputs, for compiled code and caches.
 */
const mostGrowth = 4 * 2 ** 20

const seed = Number(values.seed)
process.stdout.write(`seed ${seed}\n`)
const random = createRandom(seed)
const faults: string[] = []

/**
 * Runs a tenth of the inputs, then the rest, which must not make the heap grow. Returns the report of the
 * rest.
 */
async function run<Report extends { readonly faults: readonly string[] }>(
  what: string,
  count: number,
  fuzz: (count: number) => Report | Promise<Report>
) {
  const warmUp = await fuzz(Math.ceil(count / 10))
  const before = sweptHeap()
  const { faults: found, ...report } = await fuzz(count - Math.ceil(count / 10))
  const growth = sweptHeap() - before
  faults.push(...warmUp.faults, ...found)
  if (growth > mostGrowth)
    faults.push(`${what}: the heap has grown by ${growth} bytes, and may grow by ${mostGrowth}`)
  process.stdout.write(`${what} ${JSON.stringify({ ...report, growth }, null, 2)}\n`)
  return report
}

let next = seed
const decoders = await run('decoders', Number(values.inputs), count => fuzzDecoders(count, next++))
const headers = await run('headers', Number(values.upgrades), count => fuzzHeaders(count, next++))
for (const { dearest } of [decoders, headers])
  if (dearest > mostNanos)
    faults.push(`An input cost ${dearest} ns for each of its bytes, and may cost ${mostNanos}`)
await run('links', Number(values.batches), count => fuzzLinks(count, next++))
await run('log', Number(values.lines), count => fuzzLogText(count, next++))

const gateway = await createGateway({
  handlers: fuzzHandlers,
  port: 0,
  workers: 2,
  logLevel: 'silent',
  resumeWindow: 0,
  maxFramesPerSecond: 0
})
await run('told texts', Number(values.visits), count => fuzzToldTexts(gateway.url, count, random))
await run('conversations', Number(values.conversations), count =>
  fuzzConversations(gateway.url, count, random)
)
const { workersLost } = gateway.metrics()
if (workersLost > 0) faults.push(`${workersLost} workers were lost`)
await gateway.close()

// A gateway that soon closes silent clients, since each stream waits for its close.
const hasty = await createGateway({
  handlers: fuzzHandlers,
  port: 0,
  workers: 1,
  logLevel: 'silent',
  resumeWindow: 0,
  handshakeTimeout: 300,
  heartbeat: 200
})
await run('HTTP', Number(values.streams), count => fuzzHttp(hasty.address.port, count, random, 500))
const { connections, sessions } = hasty.metrics()
if (connections + sessions > 0) faults.push(`${connections} connections and ${sessions} sessions are left`)
await hasty.close()

process.stdout.write(`${JSON.stringify({ faults }, null, 2)}\n`)
process.exitCode = faults.length > 0 ? 1 : 0

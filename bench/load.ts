/**
 * The load: a process of its own that floods a server with requests over raw sockets. Each socket keeps so many in
 * flight and sends the next ones when replies have come, as many at once as came at once. What is answered is
 * checked; a wrong answer ends the run.
 */
import { connect, type Socket } from 'node:net'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { idOf, jsonBody, RequestRing, readReplies } from './frames.js'
import { rateBetween, readUsage } from './usage.js'

/**
 * What replies must be: `counted`, in order, with the values 1, 2, 3 … on each socket; `ordered`, in order;
 * `any`, as many as requests.
 */
export type ReplyCheck = 'counted' | 'ordered' | 'any'

export interface Flood {
  readonly port: number
  readonly sockets: number
  /** Requests that wait for their reply, on each socket. */
  readonly inFlight: number
  readonly route: string
  readonly bodyBytes: number
  readonly check: ReplyCheck
  /** Before anything is counted. */
  readonly warmupSeconds: number
  readonly seconds: number
}

export interface FloodResult {
  readonly replies: number
  readonly seconds: number
  /** Of this process, as a share of one core. */
  readonly cpuShare: number
  /** Microseconds from request to reply; only with one in flight on each socket. */
  readonly p50: number | undefined
  readonly p99: number | undefined
}

/** Load → run. `begun`: the warm-up is over. */
export type LoadAnswer =
  | { readonly kind: 'begun' }
  | { readonly kind: 'done'; readonly result: FloodResult }
  | { readonly kind: 'failed'; readonly message: string }

/** One socket of the flood. */
class Player {
  readonly #flood: Flood
  readonly #ring: RequestRing
  readonly #latencies: RecordableHistogram
  readonly #socket: Socket
  readonly #onReplies: (count: number) => void
  #sent = 0
  #replied = 0
  #sentAt = 0
  #rest: Buffer | undefined
  #isOver = false

  constructor(
    flood: Flood,
    ring: RequestRing,
    latencies: RecordableHistogram,
    socket: Socket,
    onReplies: (count: number) => void
  ) {
    this.#flood = flood
    this.#ring = ring
    this.#latencies = latencies
    this.#socket = socket
    this.#onReplies = onReplies
  }

  begin(): void {
    this.#send(this.#flood.inFlight)
  }

  /** Sends no more, and leaves. */
  leave(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  receive(bytes: Buffer): void {
    if (this.#isOver) return
    const before = this.#replied
    const all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes])
    const rest = readReplies(all, this)
    // A copy: all sockets are read into the same bytes.
    this.#rest = rest === all.length ? undefined : Buffer.from(all.subarray(rest))
    const count = this.#replied - before
    if (count === 0) return
    if (this.#flood.inFlight === 1)
      this.#latencies.record(Math.max(1, Math.round((performance.now() - this.#sentAt) * 1e6)))
    this.#onReplies(count)
    this.#send(count)
  }

  reply(id: number, value: number): void {
    const { check } = this.#flood
    const expected = idOf(this.#replied++)
    if (check === 'any') return
    if (id !== expected)
      throw new Error(`Wrong answer: the reply to ${expected} was due, and ${id} was answered`)
    if (check === 'counted' && value !== this.#replied) {
      throw new Error(`Wrong answer: the counter of a socket should be ${this.#replied} and is ${value}`)
    }
  }

  #send(count: number): void {
    if (this.#flood.inFlight === 1) this.#sentAt = performance.now()
    this.#socket.write(this.#ring.slice(this.#sent, count))
    this.#sent += count
  }
}

async function flood(asked: Flood): Promise<FloodResult> {
  const ring = new RequestRing(asked.route, jsonBody(asked.bodyBytes), asked.inFlight)
  const latencies = createHistogram()
  let replies = 0
  const onReplies = (count: number) => {
    replies += count
  }
  const players = await Promise.all(
    Array.from({ length: asked.sockets }, () =>
      join(asked.port, socket => new Player(asked, ring, latencies, socket, onReplies))
    )
  )
  for (const player of players) player.begin()
  await sleep(asked.warmupSeconds)
  say({ kind: 'begun' })
  replies = 0
  latencies.reset()
  const before = readUsage()
  await sleep(asked.seconds)
  const after = readUsage()
  const counted = replies
  for (const player of players) player.leave()
  if (counted === 0) throw new Error('No reply came in all that time')
  const isTimed = asked.inFlight === 1
  return {
    replies: counted,
    seconds: (after.at - before.at) / 1000,
    cpuShare: rateBetween(before, after).process / 1e6,
    p50: isTimed ? latencies.percentile(50) / 1000 : undefined,
    p99: isTimed ? latencies.percentile(99) / 1000 : undefined
  }
}

/** What all sockets are read into: whoever is called with it takes what it needs before it returns. */
const readBuffer = Buffer.allocUnsafe(64 * 1024)

const upgrade = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
  ''
].join('\r\n')

/** Connects a socket, upgrades it, and makes the player to whom all it reads goes from then on. */
function join(port: number, create: (socket: Socket) => Player): Promise<Player> {
  return new Promise((resolve, reject) => {
    let player: Player | undefined
    let answer = ''
    const onread = {
      buffer: readBuffer,
      callback: (size: number, buffer: Uint8Array): boolean => {
        if (player !== undefined) {
          guard(() => player!.receive((buffer as Buffer).subarray(0, size)))
          return true
        }
        answer += (buffer as Buffer).toString('latin1', 0, size)
        if (!answer.endsWith('\r\n\r\n')) return true
        if (!answer.startsWith('HTTP/1.1 101 ')) reject(new Error(`The upgrade was refused: ${answer}`))
        else resolve((player = create(socket)))
        return true
      }
    }
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread }, () => socket.write(upgrade))
    socket.on('error', error => (player === undefined ? reject(error) : fail(error)))
    socket.on('end', () => fail(new Error('The server closed a connection of the load')))
  })
}

function sleep(seconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, seconds * 1000))
}

function guard(work: () => void): void {
  try {
    work()
  } catch (error) {
    fail(error)
  }
}

function say(said: LoadAnswer): void {
  process.send!(said)
}

/** A load that has failed once measures nothing any more. */
function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  process.send!({ kind: 'failed', message } satisfies LoadAnswer, () => process.exit(1))
}

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
process.on('message', (asked: Flood) => {
  flood(asked).then(result => say({ kind: 'done', result }), fail)
})

/**
 * An audience: sockets that receive events and count them.
 * Ticks are requested in a closed loop: when all have received a tick's events, the next is requested. Or
 * they are requested at a fixed rate. The warm-up is a closed loop even then, since the few ticks of a
 * warm-up at that rate would not get the server's code compiled.
 */

import { rateBetween, readUsage } from '../readings/usage.js'
import { requestFrame } from './frames.js'
import { joinAll, openSocket, type SocketReader } from './player.js'
import { fail, guard, say, sleep } from './process.js'

export interface Audience {
  readonly kind: 'audience'
  readonly port: number
  readonly receivers: number
  /** Route that each receiver requests when it connects. */
  readonly first: string
  /** Route that makes a tick, and the number of events that it sends to each receiver. */
  readonly tick: string
  readonly eventsPerTick: number
  /** Ticks in flight at a time; undefined: ticks come at a fixed rate. */
  readonly inFlight?: number
  /** Milliseconds from tick to tick, at a fixed rate. */
  readonly interval?: number
  readonly warmupSeconds: number
  readonly seconds: number
}

export interface AudienceResult {
  /** Events received by all receivers together. */
  readonly events: number
  readonly seconds: number
  /** CPU of this process, as a share of one core. */
  readonly cpuShare: number
}

/** First bytes of frames: FIN and the opcode. */
const text = 0x81
const ping = 0x89

/** Start of each event. Its number follows, which must be the previous one plus 1. */
const begin = Buffer.from('["tick",[')

class Receiver implements SocketReader {
  readonly #ticks: Ticks
  /** Events received so far; undefined: the reply to its first request has not arrived. */
  #events: number | undefined
  #rest: Buffer | undefined
  #onJoined: (() => void) | undefined

  constructor(ticks: Ticks) {
    this.#ticks = ticks
  }

  joined(): Promise<void> {
    return new Promise(resolve => (this.#onJoined = resolve))
  }

  receive(bytes: Buffer): void {
    const all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    while (all.length - at >= 2) {
      const length = all[at + 1]!
      if (length > 125) throw new Error('The audience met a long frame')
      const end = at + 2 + length
      if (end > all.length) break
      if (all[at] === text) this.#receiveText(all, at + 2, end)
      else if (all[at] !== ping) throw new Error(`The audience met a frame of type ${all[at]}`)
      at = end
    }
    this.#rest = at === all.length ? undefined : Buffer.from(all.subarray(at))
  }

  ended(): void {
    this.#ticks.ended()
  }

  #receiveText(bytes: Buffer, start: number, end: number): void {
    if (this.#events === undefined) {
      this.#events = 0
      this.#onJoined?.()
      return
    }
    // An event is `["tick",[1234567,"…"]]`: seven digits, so that all frames have the same length.
    const number = Number(bytes.toString('latin1', start + begin.length, start + begin.length + 7))
    if (number !== 1_000_000 + (this.#events++ % 1_000_000)) {
      throw new Error(`Event ${this.#events} was due, and got ${bytes.toString('latin1', start, end)}`)
    }
    this.#ticks.received++
    if (this.#events % this.#ticks.eventsPerTick === 0) this.#ticks.finish()
  }
}

/** Counts how many receivers have finished the ticks in flight. */
class Ticks {
  readonly eventsPerTick: number
  readonly #receivers: number
  received = 0
  isOver = false
  #finished = 0
  onTick: () => void = () => {}

  constructor({ eventsPerTick, receivers }: Audience) {
    this.eventsPerTick = eventsPerTick
    this.#receivers = receivers
  }

  /** Tells that one receiver has one tick's events. The last receiver starts the next tick. */
  finish(): void {
    if (++this.#finished % this.#receivers === 0) this.onTick()
  }

  ended(): void {
    if (!this.isOver) fail(new Error('The server closed a connection of the audience'))
  }
}

export async function listen(asked: Audience): Promise<AudienceResult> {
  const ticks = new Ticks(asked)
  const sockets = await joinReceivers(asked, ticks)
  const [conductor] = await joinAll(1, () => ({ port: asked.port, check: 'any', listener: {} }))
  let sent = 0
  const request = () => conductor!.send(requestFrame(sent++, asked.tick, '{}'))
  const { inFlight, interval } = asked
  ticks.onTick = request
  for (let i = 0; i < (inFlight ?? 1); i++) request()
  await sleep(asked.warmupSeconds)
  if (interval !== undefined) ticks.onTick = () => {}
  const timer = interval === undefined ? undefined : setInterval(() => guard(request), interval)
  say({ kind: 'begun' })
  ticks.received = 0
  const before = readUsage()
  await sleep(asked.seconds)
  const after = readUsage()
  const events = ticks.received
  ticks.isOver = true
  clearInterval(timer)
  for (const socket of sockets) socket.destroy()
  conductor!.leave()
  if (events === 0) throw new Error('No event came in all that time')
  return {
    events,
    seconds: (after.at - before.at) / 1000,
    cpuShare: rateBetween(before, after).process / 1e6
  }
}

/** Connections that are opened at a time. */
const joinsAtOnce = 100

async function joinReceivers({ port, receivers, first }: Audience, ticks: Ticks) {
  const sockets: Awaited<ReturnType<typeof openSocket>>[] = []
  const joinOn = async () => {
    while (sockets.length < receivers) {
      const receiver = new Receiver(ticks)
      // Taken before the first await, so that the other loops count it.
      const place = sockets.push(undefined as never) - 1
      const socket = await openSocket(port, () => receiver)
      sockets[place] = socket
      socket.write(requestFrame(0, first, '{}'))
      await receiver.joined()
    }
  }
  await Promise.all(Array.from({ length: Math.min(joinsAtOnce, receivers) }, joinOn))
  return sockets
}

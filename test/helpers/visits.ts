/**
 * A soak test of connecting and breaking off: visitors fill the gateway with detached sessions. Meanwhile one
 * honest player sends requests, and another one loses their connection again and again and comes back. The
 * waits of the first are compared with their waits before the visitors came. The second must find their
 * session each time, with all events that were sent to it.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Client, ClientError, connect } from '../../client/node.js'
import type { Gateway } from '../../gateway/index.js'
import type { TcpProxy } from '../../testing/tcp-proxy.js'
import { sweptHeap } from './swept-heap.js'
import type { VisitorsAsked, VisitorsReport } from './visitors.js'

export interface VisitsInit extends Omit<VisitorsAsked, 'url'> {
  readonly gateway: Gateway
  /** The proxy between the gateway and the player who loses their connection. */
  readonly proxy: TcpProxy
  /** Milliseconds for which the honest players are alone, before the visitors come. */
  readonly alone: number
}

/** Waits of a player for replies, in milliseconds. */
export interface Waits {
  readonly requests: number
  readonly p50: number
  readonly p99: number
  /** Requests that were refused, by code. */
  readonly refused: Readonly<Record<string, number>>
}

export interface VisitsReport extends VisitorsReport {
  readonly alone: Waits
  readonly visited: Waits
  /** Number of times that the player came back, and found their session with all its events. */
  readonly returns: number
  /** Descriptions of returns at which something was missing. */
  readonly faults: readonly string[]
  /** MiB of the swept heap: before, after a third of the time, and at the end. */
  readonly heap: { readonly before: number; readonly third: number; readonly end: number }
  readonly mostDetached: number
  readonly mostDetachedBytes: number
}

const visitors = fileURLToPath(new URL('./visitors.js', import.meta.url))

/** Milliseconds between two requests, and between two losses of a connection. */
const askEvery = 20
const loseEvery = 500

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
const heapNow = () => Math.round(sweptHeap() / 1_048_576)

export async function runVisits(init: VisitsInit): Promise<VisitsReport> {
  const { gateway, proxy, alone, ms, perSecond, addresses, length } = init
  const honest = await connect(gateway.url)
  const returning = await Returning.join(gateway, proxy)
  const before = heapNow()
  const waitsAlone = await measure(honest, pause(alone))
  const asked: VisitorsAsked = { url: gateway.url, ms, perSecond, addresses, length }
  const running = promisify(execFile)(process.execPath, [visitors, JSON.stringify(asked)])
  const watch = new Watch(gateway)
  await pause(ms / 3)
  const third = heapNow()
  const waits = await measure(honest, running)
  const { stdout } = await running
  watch.end()
  const end = heapNow()
  const { returns, faults } = await returning.end()
  honest.close()
  const report: VisitorsReport = JSON.parse(stdout)
  const heap = { before, third, end }
  return { ...report, ...watch.most, alone: waitsAlone, visited: waits, returns, faults, heap }
}

/** Measures how long a player waits for replies to one request after the other, until `until` settles. */
async function measure(player: Client, until: Promise<unknown>): Promise<Waits> {
  let isOver = false
  void until.finally(() => (isOver = true))
  const waits: number[] = []
  const refused: Record<string, number> = {}
  while (!isOver) {
    const start = performance.now()
    try {
      await player.request('player.seen')
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      refused[error.code] = (refused[error.code] ?? 0) + 1
    }
    waits.push(performance.now() - start)
    await pause(askEvery)
  }
  waits.sort((a, b) => a - b)
  const at = (share: number) => waits[Math.floor(waits.length * share)] ?? 0
  return { requests: waits.length, p50: at(0.5), p99: at(0.99), refused }
}

/** Records the maxima of the gateway's detached sessions and their bytes. */
class Watch {
  readonly #timer: NodeJS.Timeout
  most = { mostDetached: 0, mostDetachedBytes: 0 }

  constructor(gateway: Gateway) {
    this.#timer = setInterval(() => {
      const { detachedSessions, detachedBytes } = gateway.metrics()
      const { mostDetached, mostDetachedBytes } = this.most
      this.most = {
        mostDetached: Math.max(mostDetached, detachedSessions),
        mostDetachedBytes: Math.max(mostDetachedBytes, detachedBytes)
      }
    }, 10)
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

/** A player who loses their connection again and again, and is sent an event each time. */
class Returning {
  readonly #client: Client
  readonly #gateway: Gateway
  readonly #proxy: TcpProxy
  readonly #faults: string[] = []
  #isOver = false
  #returns = 0
  #ran: Promise<void> | undefined

  private constructor(client: Client, gateway: Gateway, proxy: TcpProxy) {
    this.#client = client
    this.#gateway = gateway
    this.#proxy = proxy
  }

  static async join(gateway: Gateway, proxy: TcpProxy): Promise<Returning> {
    const client = await connect(proxy.url, { backOff: { least: 1, most: 20 } })
    await client.request('player.login', { uid: 'returning' })
    const returning = new Returning(client, gateway, proxy)
    returning.#ran = returning.#run()
    return returning
  }

  async end(): Promise<{ returns: number; faults: readonly string[] }> {
    this.#isOver = true
    await this.#ran
    this.#client.close()
    return { returns: this.#returns, faults: this.#faults }
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#loseOnce()
      await pause(loseEvery)
    }
  }

  /** Cuts the connection, and lets the player come back after `loseEvery`: they are away half of the time. */
  async #loseOnce(): Promise<void> {
    const number = this.#returns
    const back = this.#next('open')
    const lost = this.#next('resuming')
    this.#proxy.isDown = true
    this.#proxy.cut('reset')
    await lost
    const told = new Promise<unknown>(resolve => {
      const off = this.#client.on('tick', body => {
        off()
        resolve(body)
      })
    })
    await pause(loseEvery)
    const sent = this.#gateway.send('returning', 'tick', number)
    this.#proxy.isDown = false
    const { resumed } = await back
    if (!resumed || sent !== 1) return this.#fail(`return ${number}: resumed ${resumed}, sent to ${sent}`)
    const body = await told
    if (body !== number) return this.#fail(`return ${number}: told ${body}`)
    this.#returns++
  }

  async #fail(fault: string): Promise<void> {
    this.#faults.push(fault)
    await this.#client.request('player.login', { uid: 'returning' })
  }

  #next(state: 'open' | 'resuming'): Promise<{ readonly resumed: boolean }> {
    return new Promise(resolve => {
      const off = this.#client.onState(change => {
        if (change.state !== state) return
        off()
        resolve(change)
      })
    })
  }
}

/**
 * A program whose visitors leave settings in their sessions and break off. They come again and again from
 * several addresses of this machine. Its argument is a VisitorsAsked as JSON; it prints a VisitorsReport as
 * JSON when its time is over. It is a process of its own, so that it does not load the process of the gateway
 * and of the measurement.
 */
import { PomeloPlayer } from './pomelo-player.js'

export interface VisitorsAsked {
  readonly url: string
  readonly ms: number
  readonly perSecond: number
  /** Number of addresses, from 127.0.1.1 on. */
  readonly addresses: number
  /** Characters that each visitor leaves in their session. */
  readonly length: number
}

export interface VisitorsReport {
  /** Number of visits that left settings and broke off. */
  readonly visits: number
  /** Number of visits that failed, by error message. */
  readonly failures: Readonly<Record<string, number>>
}

/** Maximum number of visits at the same time, so that visits do not pile up before a slow gateway. */
const mostAtOnce = 200

/** Milliseconds between two checks of how many visits are due. */
const tick = 10

const asked: VisitorsAsked = JSON.parse(process.argv[2]!)
const failures: Record<string, number> = {}
const running = new Set<Promise<void>>()
let [begun, visits] = [0, 0]

async function visit(number: number): Promise<void> {
  const localAddress = `127.0.1.${1 + (number % asked.addresses)}`
  const player = await PomeloPlayer.join(asked.url, { localAddress, sys: { resume: true } })
  try {
    await player.request('player.stuff', { length: asked.length })
    visits++
  } finally {
    player.leave()
  }
}

function begin(): void {
  const each = visit(begun++)
    .catch(({ message }: Error) => {
      failures[message] = (failures[message] ?? 0) + 1
    })
    .finally(() => running.delete(each))
  running.add(each)
}

const start = performance.now()
await new Promise<void>(resolve => {
  const timer = setInterval(() => {
    const passed = performance.now() - start
    const due = (Math.min(passed, asked.ms) / 1_000) * asked.perSecond
    while (begun < due && running.size < mostAtOnce) begin()
    if (passed < asked.ms) return
    clearInterval(timer)
    resolve()
  }, tick)
})
await Promise.all(running)
const report: VisitorsReport = { visits, failures }
process.stdout.write(JSON.stringify(report))

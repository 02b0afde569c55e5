/**
 * A program: visitors who come again and again from several addresses of this machine, leave settings in their session,
 * and break off without a goodbye. Its argument is a VisitorsAsked as JSON; it prints a VisitorsReport as JSON when its
 * time is over. A process of its own, so that the gateway and whoever it is measured by have theirs for themselves.
 */
import { PomeloPlayer } from './pomelo-player.js'

export interface VisitorsAsked {
  readonly url: string
  readonly ms: number
  readonly perSecond: number
  /** From 127.0.1.1 on. */
  readonly addresses: number
  /** Characters that each leaves in its session. */
  readonly length: number
}

export interface VisitorsReport {
  /** Those who have left something and broken off. */
  readonly visits: number
  /** Those who could not, by why. */
  readonly failures: Readonly<Record<string, number>>
}

/** Visits at the same time, at most: a gateway that is slow is not to be asked for ever more. */
const mostAtOnce = 200

/** Milliseconds between two looks at how many visits are due. */
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

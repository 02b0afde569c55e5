/**
 * The cases of the comparison. Each defines what the load does with a contender, and which figures result.
 */
import type { Child } from '../processes/child.js'
import type { Contender, FormName } from './contenders.js'
import type { LoadAnswer, LoadQuestion } from './load/messages.js'
import type { Racer } from './racer.js'

/** Figures of one contender in one round; null: it has no such figure. */
export interface Measurement {
  readonly perSecond: number | null
  /** Microseconds of CPU of all its processes for each operation. */
  readonly cpuMicros: number | null
  /** Latencies in microseconds. */
  readonly p50: number | null
  readonly p99: number | null
  /** Answered increments, and how many of them are missing in the counters at the end. */
  readonly acknowledged: number | null
  readonly lost: number | null
  /** Resident bytes for each connection. */
  readonly rssPerConnection: number | null
  /** CPU of the load, as a share of one core. */
  readonly loadCpu: number | null
}

export type Load = Child<LoadQuestion, LoadAnswer>

export interface Case {
  readonly name: string
  /** Unit of the count in a second; undefined: nothing is counted. */
  readonly unit: 'requests/s' | 'pushes/s' | undefined
  /** The form of the handlers that are measured; undefined: the case has no such form. */
  readonly form?: FormName
  /** Whether each round starts the server anew, because a server that was busy keeps its memory. */
  readonly isFresh: boolean
  takesPart(contender: Contender): boolean
  work(racer: Racer, load: Load, seconds: number): Promise<Measurement>
}

/** Figures of a contender that has none. */
export const nothing: Measurement = {
  perSecond: null,
  cpuMicros: null,
  p50: null,
  p99: null,
  acknowledged: null,
  lost: null,
  rssPerConnection: null,
  loadCpu: null
}

const warmupSeconds = 1
const pushesPerRequest = 10_000

/**
 * Connections made before the measurement, so that memory for a server's very first connections does not
 * count.
 */
const firstCrowd = 20
const crowd = 1000

/** Milliseconds to wait after connecting, until temporary memory can be released. */
const settling = 1000

export const cases: readonly Case[] = [
  requests('awaited', 50, 16),
  requests('awaited', 50, 1),
  requests('unawaited', 50, 16),
  requests('unawaited', 50, 1),
  pushes(),
  connections()
]

function requests(form: FormName, sockets: number, inFlight: number): Case {
  return {
    name: `${form}-${sockets}x${inFlight}`,
    unit: 'requests/s',
    form,
    isFresh: false,
    takesPart: () => true,
    async work(racer, load, seconds) {
      const { protocol, forms, check } = racer.contender
      const flooded = load.next('flooded')
      const cpu = cpuWhileCounted(racer, load)
      load.say({
        kind: 'flood',
        protocol,
        ports: racer.ports,
        route: forms[form].route,
        check,
        sockets,
        inFlight,
        warmupSeconds,
        seconds
      })
      const [{ result }, cpuPerSecond] = await Promise.all([flooded, cpu])
      const perSecond = result.replies / result.seconds
      const { p50, p99, acknowledged, lost, cpuShare } = result
      const cpuMicros = cpuPerSecond === null ? null : cpuPerSecond / perSecond
      return { ...nothing, perSecond, cpuMicros, p50, p99, acknowledged, lost, loadCpu: cpuShare }
    }
  }
}

function pushes(): Case {
  return {
    name: 'pushes',
    unit: 'pushes/s',
    isFresh: false,
    takesPart: ({ pushes }) => pushes !== undefined,
    async work(racer, load, seconds) {
      const { protocol, pushes } = racer.contender
      const pushed = load.next('pushed')
      const cpu = cpuWhileCounted(racer, load)
      load.say({
        kind: 'pushes',
        protocol,
        ports: racer.ports,
        ...pushes!,
        pushesPerRequest,
        warmupSeconds,
        seconds
      })
      const [{ result }, cpuPerSecond] = await Promise.all([pushed, cpu])
      const perSecond = result.pushes / result.seconds
      return { ...nothing, perSecond, cpuMicros: cpuPerSecond === null ? null : cpuPerSecond / perSecond }
    }
  }
}

function connections(): Case {
  return {
    name: `connections-${crowd}`,
    unit: undefined,
    isFresh: true,
    takesPart: () => true,
    async work(racer, load) {
      const rssWith = async (sockets: number) => {
        const { protocol, forms } = racer.contender
        const { route } = forms.awaited
        const begun = load.next('begun')
        load.say({ kind: 'crowd', protocol, ports: racer.ports, route, sockets })
        await begun
        await new Promise(resolve => setTimeout(resolve, settling))
        return racer.rss()
      }
      const before = await rssWith(firstCrowd)
      const after = await rssWith(crowd)
      const left = load.next('left')
      load.say({ kind: 'leave' })
      await left
      return {
        ...nothing,
        rssPerConnection: before === null || after === null ? null : (after - before) / crowd
      }
    }
  }
}

/**
 * Returns the microseconds of CPU that a server uses in a second, from the moment when the load begins to
 * count until it has counted.
 */
async function cpuWhileCounted(racer: Racer, load: Load): Promise<number | null> {
  const begun = load.next('begun')
  const counted = load.next('counted')
  // Both are awaited below; without this, a load that fails first would cause an unhandled rejection.
  counted.catch(() => {})
  await begun
  const before = racer.cpu()
  const startedAt = performance.now()
  await counted
  const after = racer.cpu()
  const seconds = (performance.now() - startedAt) / 1000
  return before === null || after === null ? null : (after - before) / seconds
}

/** Returns the cases of that name or group: `awaited` finds all whose names begin with `awaited-`. */
export function findCases(name: string | undefined): readonly Case[] {
  if (name === undefined) return cases
  return cases.filter(each => each.name === name || each.name.startsWith(`${name}-`))
}

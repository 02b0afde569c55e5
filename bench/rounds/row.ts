/** The rows of a case's report: one for each floor. Figures are medians over the rounds. */
import type { Beside, Case } from '../cases/case.js'
import { formatGoal, type GoalFigure, meets } from '../cases/goal.js'
import { median, spreadOf } from '../figures/statistics.js'
import type { Cost, Measurement } from '../work/work.js'
import type { CaseSeries, Series } from './measure.js'

/**
 * A row. CPU times are in microseconds for each operation, latencies in microseconds; null where a case has
 * no such figure.
 */
export interface Row extends Record<GoalFigure, number | null> {
  readonly case: string
  /** Distinguishes rows of the same case. */
  readonly detail: string | null
  readonly unit: string
  readonly floorName: string | null
  readonly floor: number | null
  readonly ours: number
  /** Our figure divided by the floor's in the same round; median over the rounds. */
  readonly ratio: number | null
  /** Greatest ratio less the least, as a share of the median. Without a floor, the same of our values. */
  readonly spread: number
  /** The goal in words. */
  readonly goal: string | null
  /** Values of the figures that the goal names. */
  readonly reached: readonly (number | null)[]
  /** Whether this run met the goal; null without a goal, or if a figure is unknown. */
  readonly isMet: boolean | null
  /**
   * CPU of our process, and the parts of the gateway's thread and of the workers' threads. The rest are
   * helper threads of V8.
   */
  readonly cpuMicros: number | null
  readonly gatewayMicros: number | null
  readonly workerMicros: number | null
  readonly floorCpuMicros: number | null
  /** Time for each operation in which the server's main thread was ready to run but had no core. */
  readonly waitMicros: number | null
  readonly floorWaitMicros: number | null
  /** CPU of our process for each operation, divided by the floor's. */
  readonly cpuRatio: number | null
  /** CPU of the gateway's thread for each operation, divided by the floor's. */
  readonly gatewayRatio: number | null
  /** CPU of the gateway's thread for one push, in cases that measure it. */
  readonly gatewayMicrosPerPush: number | null
  readonly p50: number | null
  readonly p99: number | null
  /**
   * Growth of the server's memory during the measurement: the peak in the second half over that in the first.
   */
  readonly memoryGrowth: number | null
  readonly floorP50: number | null
  readonly floorP99: number | null
  readonly p50Ratio: number | null
  /** Requests/s that an open loop sent, and by how many microseconds it was late. */
  readonly rate: number | null
  readonly lateP99: number | null
  /** CPU of the load, as a share of one core: with our server, and with the floor. */
  readonly loadCpu: number | null
  readonly floorLoadCpu: number | null
}

export function rowsOf(measured: Case, { ours, floors }: CaseSeries): Row[] {
  return measured.beside.map((beside, i) => rowOf(measured, beside, ours, floors[i]))
}

type Pick = (measurement: Measurement) => number | undefined

const value: Pick = each => each.value
const p50: Pick = each => each.p50
const p99: Pick = each => each.p99
const rate: Pick = each => each.rate
const lateP99: Pick = each => each.lateP99
const memoryGrowth: Pick = each => each.memoryGrowth
const loadCpu: Pick = each => each.loadCpu
const cost =
  (part: keyof Cost): Pick =>
  each =>
    each.cost?.[part]

function rowOf(
  { name, detail, unit, ours: contender, pushesPerOperation }: Case,
  { floor, goals = [] }: Beside,
  ours: Series,
  others: Series | undefined
): Row {
  const isReckoned = typeof floor === 'string'
  // Only a floor that is a gateway too has a gateway thread to compare with.
  const gateways = !isReckoned && floor?.file === contender.file ? others : undefined
  const floorValue: Pick = isReckoned ? each => each.floor : value
  const floorSeries = isReckoned ? ours : others
  const ratios = ratiosOf(ours, value, floorSeries, floorValue)
  const oursMedian = medianOf(ours, value)!
  const gatewayMicros = medianOf(ours, cost('gateway'))
  const floorGatewayMicros = medianOf(gateways, cost('gateway'))
  const figures = {
    ratio: medianOrNull(ratios),
    p50Ratio: medianOrNull(ratiosOf(ours, p50, others, p50)),
    cpuRatio: medianOrNull(ratiosOf(ours, cost('process'), others, cost('process'))),
    gatewayRatio: medianOrNull(ratiosOf(ours, cost('gateway'), gateways, cost('gateway'))),
    gatewayMicrosPerPush:
      pushesPerOperation === undefined || gatewayMicros === null || floorGatewayMicros === null
        ? null
        : (gatewayMicros - floorGatewayMicros) / pushesPerOperation,
    ours: oursMedian,
    p50: medianOf(ours, p50),
    p99: medianOf(ours, p99),
    memoryGrowth: medianOf(ours, memoryGrowth)
  }
  const met = goals.map(goal => meets(figures, goal))
  return {
    case: name,
    detail: detail ?? null,
    unit,
    floorName: isReckoned ? floor : (floor?.name ?? null),
    floor: medianOf(floorSeries, floorValue),
    ...figures,
    spread: spreadOf(ratios.length > 0 ? ratios : ours.map(each => each.value)),
    goal: goals.length === 0 ? null : goals.map(formatGoal).join(', '),
    reached: goals.map(({ figure }) => figures[figure]),
    isMet: met.length === 0 || met.includes(null) ? null : !met.includes(false),
    cpuMicros: medianOf(ours, cost('process')),
    gatewayMicros,
    workerMicros: medianOf(ours, cost('workers')),
    floorCpuMicros: medianOf(others, cost('process')),
    waitMicros: medianOf(ours, cost('wait')),
    floorWaitMicros: medianOf(others, cost('wait')),
    floorP50: medianOf(others, p50),
    floorP99: medianOf(others, p99),
    rate: medianOf(ours, rate),
    lateP99: medianOf(ours, lateP99),
    loadCpu: medianOf(ours, loadCpu),
    floorLoadCpu: medianOf(others, loadCpu)
  }
}

/** Returns the ratio of each round in which both figures are known. */
function ratiosOf(ours: Series, figure: Pick, floor: Series | undefined, floorFigure: Pick): number[] {
  return ours.flatMap((measurement, round) => {
    const over = figure(measurement)
    const under = floor === undefined ? undefined : floorFigure(floor[round]!)
    return over === undefined || under === undefined ? [] : over / under
  })
}

function medianOf(series: Series | undefined, figure: Pick): number | null {
  return medianOrNull(series?.flatMap(measurement => figure(measurement) ?? []) ?? [])
}

function medianOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values)
}

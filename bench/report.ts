/** What is told of a case: a row for each of its floors, as a line of a table or as JSON. */
import type { Case } from './cases.js'
import type { Measurement, Series } from './measure.js'

/** Figures are medians over the rounds; CPU is in microseconds for each operation, times in microseconds. */
export interface Row {
  readonly case: string
  readonly unit: string
  readonly floorName: string
  readonly floor: number
  readonly ours: number
  /** Of each round, ours over the floor; the median of these. */
  readonly ratio: number
  /** From the least of these ratios to the greatest, as a share of the median. */
  readonly spread: number
  /** Of our process, and of it the gateway's thread and all others. */
  readonly cpuMicros: number
  readonly gatewayMicros: number | null
  readonly workerMicros: number | null
  readonly floorCpuMicros: number
  readonly p50: number | null
  readonly p99: number | null
  readonly floorP50: number | null
  readonly floorP99: number | null
  /** Of the load, while it flooded ours and while it flooded the floor, as a share of one core. */
  readonly loadCpu: number | null
  readonly floorLoadCpu: number | null
  /** What one push costs the gateway's thread, where a case is about that. */
  readonly gatewayMicrosPerPush: number | null
}

export function rowsOf(measured: Case, [ours, ...floors]: readonly Series[]): Row[] {
  return floors.map(floor => rowOf(measured, ours!, floor))
}

function rowOf({ name, unit, work, pushesPerRequest }: Case, ours: Series, floor: Series): Row {
  const ratios = ours.rounds.map(({ perSecond }, round) => perSecond / floor.rounds[round]!.perSecond)
  const ratio = median(ratios)
  const cpuMicros = of(ours, 'cpuMicros')!
  const gatewayMicros = of(ours, 'mainMicros')
  const floorMicros = of(floor, 'mainMicros')
  const isTimed = work.kind === 'flood' && work.latency === true
  const timeOf = (series: Series, percentile: 'p50' | 'p99') => (isTimed ? of(series, percentile) : null)
  return {
    case: name,
    unit,
    floorName: floor.contender.name,
    floor: of(floor, 'perSecond')!,
    ours: of(ours, 'perSecond')!,
    ratio,
    spread: (Math.max(...ratios) - Math.min(...ratios)) / ratio,
    cpuMicros,
    gatewayMicros,
    workerMicros: gatewayMicros === null ? null : cpuMicros - gatewayMicros,
    floorCpuMicros: of(floor, 'cpuMicros')!,
    p50: timeOf(ours, 'p50'),
    p99: timeOf(ours, 'p99'),
    floorP50: timeOf(floor, 'p50'),
    floorP99: timeOf(floor, 'p99'),
    loadCpu: of(ours, 'loadCpu'),
    floorLoadCpu: of(floor, 'loadCpu'),
    gatewayMicrosPerPush:
      pushesPerRequest === undefined || gatewayMicros === null || floorMicros === null
        ? null
        : (gatewayMicros - floorMicros) / pushesPerRequest
  }
}

/** The median over a series' rounds; null where it was not measured. */
function of(series: Series, figure: keyof Measurement): number | null {
  const values = series.rounds.flatMap(round => round[figure] ?? [])
  return values.length === 0 ? null : median(values)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function formatJson(row: Row): string {
  return JSON.stringify(row, (_key, value) =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value
  )
}

type Column = readonly [heading: string, cell: (row: Row) => string]

const columns: readonly Column[] = [
  ['case', row => row.case],
  ['unit', row => row.unit],
  ['floor', row => row.floorName],
  ['floor /s', row => round(row.floor)],
  ['ours /s', row => round(row.ours)],
  ['ratio', row => row.ratio.toFixed(2)],
  ['spread', row => percent(row.spread)],
  ['CPU µs: ours (gateway + workers)', row => cpuCell(row)],
  ['CPU µs: floor', row => row.floorCpuMicros.toFixed(1)],
  ['load CPU: floor, ours', row => pair(row.floorLoadCpu, row.loadCpu, percent)],
  ['p50 µs: floor, ours', row => pair(row.floorP50, row.p50, round)],
  ['p99 µs: floor, ours', row => pair(row.floorP99, row.p99, round)],
  ['gateway CPU µs of a push', row => row.gatewayMicrosPerPush?.toFixed(2) ?? '']
]

/** The rows as a table of Markdown, which is as good to read in a terminal. Columns that say nothing are left out. */
export function formatTable(rows: readonly Row[]): string {
  const told = columns.filter(([, cell]) => rows.some(row => cell(row) !== ''))
  const lines = [told.map(([heading]) => heading), ...rows.map(row => told.map(([, cell]) => cell(row)))]
  const widths = told.map((_, i) => Math.max(...lines.map(cells => cells[i]!.length)))
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  const rule = `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`
  return [format(lines[0]!), rule, ...lines.slice(1).map(format)].join('\n')
}

function cpuCell({ cpuMicros, gatewayMicros, workerMicros }: Row): string {
  const whole = cpuMicros.toFixed(1)
  if (gatewayMicros === null || workerMicros === null) return whole
  return `${whole} (${gatewayMicros.toFixed(1)} + ${workerMicros.toFixed(1)})`
}

function pair(floor: number | null, ours: number | null, format: (value: number) => string): string {
  return floor === null || ours === null ? '' : `${format(floor)}, ${format(ours)}`
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

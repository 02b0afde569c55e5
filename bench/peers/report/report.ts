/** The report: a row for each contender of each case, as a line of a table or as JSON, and the goals. */

import { median, spreadOf } from '../../figures/statistics.js'
import { alignTable, type Column, formatFigure, formatRatio, percent } from '../../report/report.js'
import type { Case, Measurement } from '../cases.js'
import { type Contender, oursInPackages, oursInText } from '../contenders.js'
import type { Series } from '../measure.js'

/** A row. Figures are medians over the rounds; null where a contender has no such figure. */
export interface Row {
  readonly case: string
  readonly contender: string
  readonly role: Contender['role']
  readonly version: string | null
  readonly unit: string | null
  /** Where its handler keeps the counter, and how it saves it; null: it has none, or the case has no form. */
  readonly keeps: string | null
  readonly perSecond: number | null
  /** Greatest round less the least, as a share of the median. */
  readonly spread: number | null
  /**
   * Our figure divided by this contender's in the same round; median over the rounds. Contenders with
   * Pomelo's packages are compared with our gateway over packages, all others with our gateway over text.
   */
  readonly oursOver: number | null
  /** Latencies in microseconds. */
  readonly p50: number | null
  readonly p99: number | null
  /** Microseconds of CPU of all its processes for each operation, and our figure divided by it. */
  readonly cpuMicros: number | null
  readonly oursCpuOver: number | null
  /** Resident bytes of all its processes. */
  readonly rssPerConnection: number | null
  /** Answered increments of all rounds, and how many of them are missing in the counters at the end. */
  readonly acknowledged: number | null
  readonly lost: number | null
  /** CPU of the load, as a share of one core. */
  readonly loadCpu: number | null
  /** The reason why nothing was measured; null: it was measured. */
  readonly fault: string | null
}

export function rowsOf(
  { name, unit, form }: Case,
  all: readonly Series[],
  versionOf: (contender: Contender) => string | null
): Row[] {
  return all.map(series => {
    const { contender } = series
    const ours = oursFor(contender, all)
    return {
      case: name,
      contender: contender.name,
      role: contender.role,
      version: versionOf(contender),
      unit: unit ?? null,
      keeps: form === undefined ? null : contender.forms[form].keeps,
      perSecond: medianOf(series, 'perSecond'),
      spread: ifAny(valuesOf(series, 'perSecond'), spreadOf),
      oursOver: contender.role === 'ours' ? null : medianRatio(ours, series, 'perSecond'),
      p50: medianOf(series, 'p50'),
      p99: medianOf(series, 'p99'),
      cpuMicros: medianOf(series, 'cpuMicros'),
      oursCpuOver: contender.role === 'ours' ? null : medianRatio(ours, series, 'cpuMicros'),
      rssPerConnection: medianOf(series, 'rssPerConnection'),
      acknowledged: totalOf(series, 'acknowledged'),
      lost: totalOf(series, 'lost'),
      loadCpu: medianOf(series, 'loadCpu'),
      fault: series.fault ?? null
    }
  })
}

function oursFor({ protocol }: Contender, all: readonly Series[]): Series | undefined {
  const ours = protocol === 'pomelo' ? oursInPackages : oursInText
  return all.find(({ contender }) => contender === ours)
}

type Figure = keyof Measurement

function valuesOf({ rounds }: Series, figure: Figure): number[] {
  return rounds.flatMap(round => round[figure] ?? [])
}

function medianOf(series: Series, figure: Figure): number | null {
  return ifAny(valuesOf(series, figure), median)
}

function totalOf(series: Series, figure: Figure): number | null {
  return ifAny(valuesOf(series, figure), values => values.reduce((all, each) => all + each))
}

function medianRatio(ours: Series | undefined, other: Series, figure: Figure): number | null {
  const [over, under] = [ours === undefined ? [] : valuesOf(ours, figure), valuesOf(other, figure)]
  if (over.length !== under.length) return null
  return ifAny(
    over.map((value, round) => value / under[round]!),
    median
  )
}

function ifAny(values: readonly number[], work: (values: readonly number[]) => number): number | null {
  return values.length === 0 ? null : work(values)
}

/** Formats a row as a JSON object. Counts are printed with all digits. */
export function formatJson(row: Row): string {
  return JSON.stringify(row, (_key, value) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
  )
}

/** Parses rows of JSON, one a line; other lines are skipped. */
export function parseRows(text: string): Row[] {
  const lines = text.split('\n')
  return lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Row)
}

const columns: readonly Column<Row>[] = [
  ['case', row => row.case],
  ['server', row => [row.contender, row.version].filter(word => word !== null).join(' ')],
  ['keeps the counter in', row => row.keeps ?? ''],
  ['a second', row => row.fault ?? told(row.perSecond, formatFigure)],
  ['spread', row => told(row.spread, percent)],
  ['ours over it', row => told(row.oursOver, formatRatio)],
  ['p50 µs', row => told(row.p50, formatFigure)],
  ['p99 µs', row => told(row.p99, formatFigure)],
  ['CPU µs', row => told(row.cpuMicros, formatFigure)],
  ['ours over its CPU', row => told(row.oursCpuOver, formatRatio)],
  ['RSS of a connection, KiB', row => told(row.rssPerConnection, bytes => formatFigure(bytes / 1024))],
  ['lost updates', lostCell],
  ['load CPU', row => told(row.loadCpu, percent)]
]

/** Formats rows for the terminal. Empty columns are left out. */
export function formatTable(rows: readonly Row[]): string {
  return alignTable(rows, columns)
}

function lostCell({ lost, acknowledged }: Row): string {
  if (lost === null || acknowledged === null) return ''
  const [some, all] = [lost, acknowledged].map(count => count.toLocaleString('en-US'))
  return lost === 0 ? `0 of ${all}` : `${some} of ${all}, ${percent(lost / acknowledged)}`
}

function told(figure: number | null, format: (figure: number) => string): string {
  return figure === null ? '' : format(figure)
}

/** Rows as a table for the terminal, as Markdown and as JSON. */
import type { Row } from '../rounds/row.js'

/** Formats a row as a JSON object, with four significant digits. */
export function formatJson(row: object): string {
  return JSON.stringify(row, (_key, value) =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value
  )
}

export type Column<Line> = readonly [heading: string, cell: (line: Line) => string]

const nameOf = (row: Row) => (row.detail === null ? row.case : `${row.case}, ${row.detail}`)

const columns: readonly Column<Row>[] = [
  ['case', nameOf],
  ['unit', row => row.unit],
  ['floor', row => row.floorName ?? ''],
  ['floor’s', row => told(row.floor, formatFigure)],
  ['ours', row => formatFigure(row.ours)],
  ['ratio', row => told(row.ratio, formatRatio)],
  ['spread', row => percent(row.spread)],
  ['goal', row => row.goal ?? ''],
  ['reached', reachedCell],
  ['CPU µs: ours (gateway + workers)', cpuCell],
  ['CPU µs: floor', row => told(row.floorCpuMicros, formatMicros)],
  ['wait for a core, µs: floor, ours', row => pair(row.floorWaitMicros, row.waitMicros, formatMicros)],
  ['p50 µs: floor, ours', row => pair(row.floorP50, row.p50, formatFigure)],
  ['p99 µs: floor, ours', row => pair(row.floorP99, row.p99, formatFigure)],
  ['at requests/s', row => told(row.rate, formatFigure)],
  ['load late, p99 µs', row => told(row.lateP99, formatFigure)],
  ['load CPU: floor, ours', row => pair(row.floorLoadCpu, row.loadCpu, percent)]
]

/** Formats rows for the terminal. Empty columns are left out. */
export function formatTable(rows: readonly Row[]): string {
  return alignTable(rows, columns)
}

const markdownColumns: readonly Column<Row>[] = [
  ['case', row => nameOf(row).replace(row.case, `\`${row.case}\``)],
  ['floor', row => (row.floorName === null ? '' : `${row.floorName}: ${told(row.floor, formatFigure)}`)],
  ['ours', row => `${formatFigure(row.ours)} ${row.unit}`],
  ['ratio', row => told(row.ratio, ratio => `${formatRatio(ratio)} ×`)],
  ['spread', row => percent(row.spread)],
  ['goal', row => row.goal ?? ''],
  ['reached', reachedCell],
  ['CPU µs (gateway + workers)', cpuCell],
  ['p50, p99 µs', row => pair(row.p50, row.p99, formatFigure)]
]

/** Formats rows as the table of docs/performance.md. */
export function formatMarkdown(rows: readonly Row[]): string {
  const [heading, ...lines] = cellsOf(rows, markdownColumns)
  const format = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [format(heading!), format(heading!.map(() => '---')), ...lines.map(format)].join('\n')
}

/** Aligns the columns of a table, with two spaces between them. */
export function alignTable<Line>(lines: readonly Line[], all: readonly Column<Line>[]): string {
  const cells = cellsOf(lines, all)
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map(each => each[i]!.length)))
  return cells
    .map(each =>
      each
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** Returns the headings, then the cells of each line; empty columns are left out. */
function cellsOf<Line>(lines: readonly Line[], all: readonly Column<Line>[]): string[][] {
  const told = all.filter(([, cell]) => lines.some(line => cell(line) !== ''))
  return [told.map(([heading]) => heading), ...lines.map(line => told.map(([, cell]) => cell(line)))]
}

function reachedCell({ goal, reached, isMet }: Row): string {
  if (goal === null) return ''
  if (isMet === null) return 'not known'
  const figures = reached.map(figure => (figure! >= 100 ? formatFigure(figure!) : formatRatio(figure!)))
  return `${figures.join(' and ')}, ${isMet ? 'met' : 'not met'}`
}

function cpuCell({ cpuMicros, gatewayMicros, workerMicros }: Row): string {
  if (cpuMicros === null) return ''
  if (gatewayMicros === null || workerMicros === null) return formatMicros(cpuMicros)
  return `${formatMicros(cpuMicros)} (${formatMicros(gatewayMicros)} + ${formatMicros(workerMicros)})`
}

function told(figure: number | null, format: (figure: number) => string): string {
  return figure === null ? '' : format(figure)
}

function pair(first: number | null, second: number | null, format: (figure: number) => string): string {
  if (second === null) return ''
  return first === null ? format(second) : `${format(first)}, ${format(second)}`
}

export function formatFigure(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString('en-US') : figure.toFixed(1)
}

export function formatRatio(ratio: number): string {
  return ratio.toFixed(2)
}

function formatMicros(micros: number): string {
  return micros.toFixed(1)
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** The screen of `sallyport top`: a summary as lines, as wide and as high as the terminal. */

import { printable } from '../../shared/text/printable.js'
import {
  formatAge,
  formatBytes,
  formatCount,
  formatRate,
  formatShare,
  formatTable,
  formatTime
} from '../terminal/figures.js'
import { cutTo, type Paint, type Style } from '../terminal/output.js'
import type { Percentiles, Summary, WorkerLine } from './summary.js'

/** A line with the style of all of it: it is cut to the width before it is painted. */
interface Line {
  readonly text: string
  readonly style?: Style | undefined
}

export interface ScreenSize {
  readonly columns: number
  /** Lines; undefined: any number. */
  readonly rows: number | undefined
}

/** Columns from which on two figures stand in one line. */
const wide = 64

export function drawScreen(summary: Summary, paint: Paint, { columns, rows }: ScreenSize): string[] {
  const lines = [...headOf(summary), ...diagnosisOf(summary), ...clusterOf(summary)]
  lines.push({ text: '' }, ...figuresOf(summary, columns))
  lines.push({ text: '' }, ...workersOf(summary.workers))
  const shown = rows === undefined || lines.length <= rows ? lines : lines.slice(0, rows)
  return shown.map(({ text, style }) => {
    // Any text of it may be from the gateway.
    const cut = cutTo(printable(text), columns)
    return style === undefined ? cut : paint(style, cut)
  })
}

function headOf({ frontendId, version, uptime, ready }: Summary): Line[] {
  const state = ready ? 'ready' : 'NOT READY'
  const text = `${frontendId}  ${state}  up ${formatAge(uptime)}  Sallyport ${version}`
  return [{ text, style: ready ? 'bold' : 'red' }]
}

function diagnosisOf({ diagnosis }: Summary): Line[] {
  if (diagnosis.length === 0) return [{ text: 'All is well.', style: 'green' }]
  return diagnosis.flatMap(({ severity, what, todo }) => [
    {
      text: `${severity === 'error' ? 'ERROR' : 'WARN '} ${what}`,
      style: severity === 'error' ? 'red' : 'yellow'
    } as const,
    { text: `      ${todo}` }
  ])
}

/** One line: how this gateway is in its cluster, and who else is there. */
function clusterOf({ cluster }: Summary): Line[] {
  if (cluster === null) return []
  const { name, state, members, lag, full } = cluster
  const others = members
    .slice(1)
    .map(each => `${each.frontendId}${each.state === 'up' ? '' : ` (${each.state})`}`)
  const parts = [
    `cluster ${name}  ${state}`,
    others.length === 0 ? 'alone' : `with ${others.join(', ')}`,
    `lag ${formatTime(lag)}`
  ]
  if (full.length > 0) parts.push(`queue full: ${full.join(', ')}`)
  const isWell = state === 'up' && full.length === 0
  return [{ text: parts.join('  '), style: isWell ? undefined : 'yellow' }]
}

function figuresOf(summary: Summary, columns: number): Line[] {
  const { rates, queue, run, eventLoopDelay, memory, cpu } = summary
  const rate = (value: number | null) => (value === null ? '-' : `${formatRate(value)}/s`)
  const cells: [string, string][] = [
    ['connections', formatCount(summary.connections)],
    ['sessions', `${formatCount(summary.sessions)} (${formatCount(summary.detachedSessions)} away)`],
    ['requests', rate(rates.requests)],
    ['notifies', rate(rates.notifies)],
    ['errors', rate(rates.errors)],
    ['events', rate(rates.eventsSent)],
    ['waiting', formatCount(summary.waiting)],
    ['running', formatCount(summary.running)],
    ['queue p50/p99', percentiles(queue)],
    ['run p50/p99', percentiles(run)],
    ['event loop p99', formatTime(eventLoopDelay.p99)],
    ['CPU', cpu === null ? '-' : `${cpu.toFixed(2)} cores`],
    ['memory', formatBytes(memory.rss)],
    ['heap', `${formatBytes(memory.heapUsed)} of ${formatBytes(memory.heapTotal)}`]
  ]
  const text = ([name, value]: [string, string]) => `${name.padEnd(15)}${value}`
  if (columns < wide) return cells.map(cell => ({ text: text(cell) }))
  return Array.from({ length: Math.ceil(cells.length / 2) }, (_, i) => {
    const [left, right] = [cells[2 * i]!, cells[2 * i + 1]]
    return { text: text(left).padEnd(wide / 2) + (right === undefined ? '' : text(right)) }
  })
}

function percentiles({ p50, p99 }: Percentiles): string {
  return p50 === null ? '-' : `${formatTime(p50)} / ${formatTime(p99!)}`
}

function workersOf(workers: readonly WorkerLine[]): Line[] {
  const rows = workers.map(({ index, state, busy, requests, restarts, givenUp }) => [
    `${index} ${state}`,
    busy === null ? '-' : formatShare(busy),
    formatCount(requests),
    formatCount(restarts),
    formatCount(givenUp)
  ])
  const [head, ...lines] = formatTable([['worker', 'busy', 'requests', 'restarts', 'given up'], ...rows])
  return [
    { text: head!, style: 'dim' },
    ...lines.map((text, i) => ({ text, style: workers[i]!.state === 'up' ? undefined : ('yellow' as const) }))
  ]
}

/** The goals of the comparison, and whether a run met them. */
import { colyseus, pinus, socketIo } from '../contenders.js'
import type { Row } from './report.js'

interface Goal {
  readonly says: string
  /** The figure that the goal is about; null: it was not measured. */
  figure(rows: readonly Row[]): number | null
  readonly bound: 'least' | 'most'
  readonly value: number
}

const goals: readonly Goal[] = [
  over('awaited-50x16', pinus.name, 5),
  over('awaited-50x1', pinus.name, 2),
  over('awaited-50x16', socketIo.name, 5),
  over('awaited-50x16', colyseus.name, 5),
  {
    says: "awaited-50x16: ours at most a third of Pinus' CPU for a request",
    figure: rows => find(rows, 'awaited-50x16', pinus.name)?.oursCpuOver ?? null,
    bound: 'most',
    value: 1 / 3
  },
  over('pushes', pinus.name, 5),
  { says: 'updates that ours loses: none', figure: lostByOurs, bound: 'most', value: 0 }
]

function over(name: string, peer: string, least: number): Goal {
  return {
    says: `${name}: ours at least ${least} × ${peer}`,
    figure: rows => find(rows, name, peer)?.oursOver ?? null,
    bound: 'least',
    value: least
  }
}

function find(rows: readonly Row[], name: string, contender: string): Row | undefined {
  return rows.find(row => row.case === name && row.contender === contender)
}

/** Returns the number of increments that ours lost; null: ours was not measured. */
export function lostByOurs(rows: readonly Row[]): number | null {
  const lost = rows.flatMap(row => (row.role === 'ours' ? (row.lost ?? []) : []))
  return lost.length === 0 ? null : lost.reduce((all, each) => all + each)
}

/** Formats a line for each goal that the rows have figures for. */
export function formatGoals(rows: readonly Row[]): string {
  return goals
    .flatMap(({ says, figure, bound, value }) => {
      const found = figure(rows)
      if (found === null) return []
      const isMet = bound === 'least' ? found >= value : found <= value
      return `${isMet ? 'met    ' : 'not met'}  ${says} (${Number.isInteger(found) ? found : found.toFixed(2)})`
    })
    .join('\n')
}

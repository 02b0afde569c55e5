/**
 * Goals of a row. A goal names one of the row's figures, and the least or greatest value that it may have.
 */

/** Figures of a row that goals may name, and their names in the report. */
const sayings = {
  ratio: { about: '', unit: '×' },
  p50Ratio: { about: 'p50', unit: '×' },
  cpuRatio: { about: 'CPU', unit: '×' },
  gatewayRatio: { about: 'gateway CPU', unit: '×' },
  gatewayMicrosPerPush: { about: 'gateway CPU of a push', unit: 'µs' },
  ours: { about: 'ours', unit: '' },
  p50: { about: 'p50', unit: 'µs' },
  p99: { about: 'p99', unit: 'µs' },
  memoryGrowth: { about: 'memory', unit: '×' }
} as const

export type GoalFigure = keyof typeof sayings

export interface Goal {
  readonly figure: GoalFigure
  readonly bound: 'least' | 'most'
  readonly value: number
}

export function atLeast(value: number, figure: GoalFigure = 'ratio'): Goal {
  return { figure, bound: 'least', value }
}

export function atMost(value: number, figure: GoalFigure = 'ratio'): Goal {
  return { figure, bound: 'most', value }
}

/** Formats a goal, such as `≥ 3 ×` or `p50 ≤ 1.25 ×`. */
export function formatGoal({ figure, bound, value }: Goal): string {
  const { about, unit } = sayings[figure]
  const sign = bound === 'least' ? '≥' : '≤'
  return [about, sign, value.toLocaleString('en-US'), unit].filter(word => word !== '').join(' ')
}

/** Whether these figures meet the goal; null if the goal's figure is unknown. */
export function meets(figures: Readonly<Record<GoalFigure, number | null>>, goal: Goal): boolean | null {
  const figure = figures[goal.figure]
  if (figure === null) return null
  return goal.bound === 'least' ? figure >= goal.value : figure <= goal.value
}

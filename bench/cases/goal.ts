/** What a row should come to: one of its figures, and the least or the most that it may be. */

/** Figures of a row that a goal may be about, and how a goal says it. */
const sayings = {
  ratio: { about: '', unit: '×' },
  p50Ratio: { about: 'p50', unit: '×' },
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

/** `≥ 3 ×`, `p50 ≤ 1.25 ×`. */
export function formatGoal({ figure, bound, value }: Goal): string {
  const { about, unit } = sayings[figure]
  const sign = bound === 'least' ? '≥' : '≤'
  return [about, sign, value.toLocaleString('en-US'), unit].filter(word => word !== '').join(' ')
}

/** Whether these figures meet the goal; null where its own is not known. */
export function meets(figures: Readonly<Record<GoalFigure, number | null>>, goal: Goal): boolean | null {
  const figure = figures[goal.figure]
  if (figure === null) return null
  return goal.bound === 'least' ? figure >= goal.value : figure <= goal.value
}

/**
 * A comparison of this tree with another commit. Each round runs three servers in turns: this tree's, the
 * other's, and this tree's again, which shows how much two runs of the same code differ.
 */
import type { Case } from '../cases/case.js'
import { median } from '../figures/statistics.js'
import { alignTable, type Column, formatFigure, formatRatio, percent } from '../report/report.js'
import { type Pace, race, type Series } from '../rounds/measure.js'
import type { Measurement } from '../work/work.js'
import type { Revision } from './revision.js'
import { formatVerdict, judge, type Verdict } from './verdict.js'

/** The comparison of one figure of a case. */
export interface Comparison extends Verdict {
  readonly case: string
  readonly detail: string | null
  readonly unit: string
  readonly ours: number
  readonly theirs: number
  /** Whether ours is better; null if no difference was found. */
  readonly isBetter: boolean | null
}

interface Figure {
  readonly unit: string
  readonly better: Case['better']
  readonly of: (measurement: Measurement) => number | undefined
}

export async function compareCase(compared: Case, revision: Revision, pace: Pace): Promise<Comparison[]> {
  const { ours: contender } = compared
  const entries = [{ contender }, { contender, folder: revision.folder }, { contender }]
  const [ours, theirs, again] = await race(entries, pace)
  const figures: Figure[] = [
    { unit: compared.unit, better: compared.better, of: ({ value }) => value },
    { unit: 'CPU µs', better: 'less', of: ({ cost }) => cost?.process },
    { unit: 'p50 µs', better: 'less', of: ({ p50 }) => p50 }
  ]
  return figures.flatMap(figure => {
    const samples = { ours: pick(ours!, figure), theirs: pick(theirs!, figure), again: pick(again!, figure) }
    if (Object.values(samples).some(values => values.length < pace.repeats)) return []
    const verdict = judge(samples)
    const isMore = verdict.ratio > 1
    return {
      case: compared.name,
      detail: compared.detail ?? null,
      unit: figure.unit,
      ours: median([...samples.ours, ...samples.again]),
      theirs: median(samples.theirs),
      ...verdict,
      isBetter: verdict.isDifferent ? isMore === (figure.better === 'more') : null
    }
  })
}

function pick(series: Series, { of }: Figure): number[] {
  return series.flatMap(measurement => of(measurement) ?? [])
}

/** Formats a table. `theirs`: the other commit's name. */
export function formatComparisons(comparisons: readonly Comparison[], theirs: string): string {
  const columns: Column<Comparison>[] = [
    ['case', each => [each.case, each.detail ?? []].flat().join(', ')],
    ['unit', each => each.unit],
    [theirs, each => formatFigure(each.theirs)],
    ['this tree', each => formatFigure(each.ours)],
    ['ratio', each => formatRatio(each.ratio)],
    ['spread', each => percent(each.spread)],
    ['difference', formatVerdict],
    ['', each => (each.isBetter === null ? '' : each.isBetter ? 'better' : 'worse')]
  ]
  return alignTable(comparisons, columns)
}

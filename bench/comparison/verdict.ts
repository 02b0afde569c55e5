/**
 * The verdict on whether two commits differ in a figure, and by how much. One of them runs twice in each
 * round: the difference between its two runs is noise, and so is the difference between rounds.
 */
import { intervalOf, median, spreadOf } from '../figures/statistics.js'

/** Values of a figure, one for each round. */
export interface Samples {
  readonly ours: readonly number[]
  /** A second run of the same code as `ours`, in the same rounds. */
  readonly again: readonly number[]
  readonly theirs: readonly number[]
}

export interface Verdict {
  /** Ours over theirs: the median of the rounds, and its confidence interval. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** Greatest of the rounds' ratios less the least, as a share of the median. */
  readonly spread: number
  /** Share by which a ratio may differ from 1 by chance. */
  readonly noise: number
  readonly isDifferent: boolean
}

export function judge({ ours, again, theirs }: Samples): Verdict {
  // Both runs of ours count: they ran before and after the other, so their mean lies around it in time.
  const ratios = ours.map((figure, round) => Math.sqrt(figure * again[round]!) / theirs[round]!)
  const ratio = median(ratios)
  const { low, high } = intervalOf(ratios)
  const same = intervalOf(ours.map((figure, round) => figure / again[round]!))
  const noise = Math.max((high - low) / 2 / ratio, 1 - same.low, same.high - 1)
  const isBeyond = low > 1 || high < 1
  const isDifferent = isBeyond && Math.abs(ratio - 1) > noise
  return { ratio, low, high, spread: spreadOf(ratios), noise, isDifferent }
}

/**
 * Formats how much more or less ours is: `no difference seen (±4.0 %)`, `+12.0 % (+9.1 % to +15.0 %, noise
 * ±4.0 %)`.
 */
export function formatVerdict({ ratio, low, high, noise, isDifferent }: Verdict): string {
  const around = `±${percent(noise)}`
  if (!isDifferent) return `no difference seen (${around})`
  return `${signed(ratio)} (${signed(low)} to ${signed(high)}, noise ${around})`
}

function signed(ratio: number): string {
  return `${ratio < 1 ? '−' : '+'}${percent(Math.abs(ratio - 1))}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

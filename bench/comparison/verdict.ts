/**
 * Whether two commits differ in a figure, and by how much: judged from rounds in which one of them ran twice. What its
 * two runs differ by is noise, and so is what the rounds differ by.
 */
import { intervalOf, median } from '../figures/statistics.js'

/** A figure of each round. */
export interface Samples {
  readonly ours: readonly number[]
  /** Of the same code as `ours`, in the same rounds. */
  readonly again: readonly number[]
  readonly theirs: readonly number[]
}

export interface Verdict {
  /** Ours over theirs: the median of the rounds, and where it lies with all likelihood. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** What a ratio may be away from 1, as a share, without saying anything. */
  readonly noise: number
  readonly isDifferent: boolean
}

export function judge({ ours, again, theirs }: Samples): Verdict {
  // Both of our runs count: their mean lies around theirs in time, as they take turns.
  const ratios = ours.map((figure, round) => Math.sqrt(figure * again[round]!) / theirs[round]!)
  const ratio = median(ratios)
  const { low, high } = intervalOf(ratios)
  const same = intervalOf(ours.map((figure, round) => figure / again[round]!))
  const noise = Math.max((high - low) / 2 / ratio, 1 - same.low, same.high - 1)
  const isBeyond = low > 1 || high < 1
  return { ratio, low, high, noise, isDifferent: isBeyond && Math.abs(ratio - 1) > noise }
}

/** `no difference seen (±4.0 %)`, `+12.0 % (+9.1 % to +15.0 %, noise ±4.0 %)`: what ours is more or less than theirs. */
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

/**
 * Returns a percentile by nearest rank: the value below which that share of all values lies. NaN for an empty
 * list.
 */
export function percentile(values: readonly number[], share: number): number {
  // Numbers in a typed array are sorted as numbers.
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

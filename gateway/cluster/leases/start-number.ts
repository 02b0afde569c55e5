/** Start numbers, and the numbers of sessions that come from them. */

/** Sessions that one start can number. */
const sessionsOfStart = 2 ** 32

/** Number of the starts that there can be: all sessions have safe integers. */
export const starts = 2 ** 21

/** The beginning of 2026, and the time in which a log of starts may number one start, in milliseconds. */
const epoch = 1_767_225_600_000
const timeOfStart = 225_000

/** Returns the number before the first session of a start. */
export function sidBefore(start: number): number {
  return start * sessionsOfStart
}

/** Returns the start in which a session began. */
export function startOf(sid: number): number {
  return Math.floor(sid / sessionsOfStart)
}

/**
 * Returns the number before the first start of a log that was made at `madeAt`, in milliseconds since 1970.
 * So a log that takes the place of a lost one repeats no number, unless the lost one had a start in less than
 * 225 seconds, on average. There are numbers for 2,097,152 starts: until 2040, at that rate.
 */
export function startBefore(madeAt: number): number {
  return Math.max(0, Math.floor((madeAt - epoch) / timeOfStart))
}

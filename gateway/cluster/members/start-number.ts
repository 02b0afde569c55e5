/** Start numbers, and the numbers of sessions that come from them. */

/** Sessions that one start can number. */
const sessionsOfStart = 2 ** 32

/** Returns the number before the first session of a start. */
export function sidBefore(start: number): number {
  return start * sessionsOfStart
}

/** Returns the start in which a session began. */
export function startOf(sid: number): number {
  return Math.floor(sid / sessionsOfStart)
}

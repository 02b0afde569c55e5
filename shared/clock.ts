/** The machine's two clocks. No other file reads the time of day: code that needs a clock is given one. */

/** The time of day, in milliseconds since 1970: for times that are shown. It may be set forward or back. */
export const wallClock = (): number => Date.now()

/**
 * Milliseconds, with fractions, since some moment: for all durations. This clock can't be set. It may stand
 * still while the machine sleeps, and then timers do too.
 */
export const monotonicClock = (): number => performance.now()

/** The machine's two clocks. No other file reads the time of day: whoever needs a clock is handed one. */

/** The time of day, in milliseconds since 1970: for what is shown. Somebody may set it, on or back. */
export const wallClock = (): number => Date.now()

/**
 * Milliseconds, with fractions, since some moment: for all durations. Nobody sets this clock. It may stand
 * still while the machine sleeps, and then timers do too.
 */
export const monotonicClock = (): number => performance.now()

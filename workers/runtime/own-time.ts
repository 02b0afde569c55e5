/**
 * The clock and the timers of Node, saved when the worker is loaded.
 * A game may replace the global ones at any time, as the fake timers of test libraries do. The worker's own
 * reports to the gateway must stay correct, and must not stop.
 */

/** Returns milliseconds of a monotonic clock, since an arbitrary moment. */
export const monotonic = performance.now.bind(performance)

export const nextTick = process.nextTick.bind(process)

export const { clearTimeout, queueMicrotask, setImmediate, setInterval, setTimeout } = globalThis

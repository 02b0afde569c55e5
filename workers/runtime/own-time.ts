/**
 * The clock and the turns of the event loop as this worker found them when it was loaded. A game may replace the global
 * ones at any time, as fake timers of test libraries do: what the gateway is told must neither lie nor stand still by that.
 */

/** Returns milliseconds that only grow, from some moment on. */
export const monotonic = performance.now.bind(performance)

export const nextTick = process.nextTick.bind(process)

export const { queueMicrotask, setImmediate, setInterval } = globalThis

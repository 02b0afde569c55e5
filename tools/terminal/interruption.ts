/**
 * The signals that end a tool: the first one asks it to end, with what it has so far; the second one ends it
 * at once.
 */

const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const

/**
 * Milliseconds within which the same signal counts once, as for the gateway: `timeout` of GNU sends its
 * SIGTERM twice.
 */
const doubledWithin = 200

/**
 * Calls `onAsked` at the first signal. Replaces all listeners for these signals, among them those that end
 * the program while it is being loaded.
 */
export function hearInterruption(onAsked: () => void): void {
  let asked: { readonly signal: string; readonly at: number } | undefined
  for (const [signal, number] of Object.entries(numbers)) {
    process.removeAllListeners(signal)
    process.on(signal, () => {
      const now = performance.now()
      if (asked === undefined) {
        asked = { signal, at: now }
        onAsked()
      } else if (signal !== asked.signal || now - asked.at >= doubledWithin) process.exit(128 + number)
    })
  }
}

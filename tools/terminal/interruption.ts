/**
 * The signals that end a tool: the first one asks it to end, with what it has so far; the second one ends it
 * at once.
 */

const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const

/**
 * Calls `onAsked` at the first signal. Replaces all listeners for these signals, among them those that end
 * the program while it is being loaded.
 */
export function hearInterruption(onAsked: () => void): void {
  let isAsked = false
  for (const [signal, number] of Object.entries(numbers)) {
    process.removeAllListeners(signal)
    process.on(signal, () => {
      if (isAsked) process.exit(128 + number)
      isAsked = true
      onAsked()
    })
  }
}

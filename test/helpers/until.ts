/** Waits for a condition of a test. */

/** How often `until` still looks after its limit: one long stall of the process must not fail a test. */
const looksAfterLimit = 3

/**
 * Waits until `holds` returns true. Calls it every millisecond, and fails after `ms`, but not before it has
 * called `holds` a few times after that. `holds` checks the condition itself, never the time that has passed.
 */
export async function until(what: string, holds: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  let late = 0
  while (!holds()) {
    if (performance.now() > end && ++late > looksAfterLimit) {
      throw new Error(`Waited ${ms} ms in vain until ${what}`)
    }
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** Waits for a condition of a test. */

/**
 * Waits until `holds` returns true. Calls it every millisecond, and fails after `ms`. `holds` checks the
 * condition itself, never the time that has passed.
 */
export async function until(what: string, holds: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  while (!holds()) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** Waiting for what a test is about. */

/**
 * Waits until `holds` returns true, and looks again each millisecond; fails after `ms`. `holds` asks for the
 * thing that is waited for, never for the time that has passed.
 */
export async function until(what: string, holds: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  while (!holds()) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** The load's messages to the run, and its failure. */
import type { LoadAnswer } from './load.js'

export function say(said: LoadAnswer): void {
  process.send!(said)
}

/** Reports only the first failure: after it, nothing is measured any more. */
export function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  process.send!({ kind: 'failed', message } satisfies LoadAnswer, () => process.exit(1))
}

/** Wraps a callback, whose errors nobody would see otherwise. */
export function guard(work: () => void): void {
  try {
    work()
  } catch (error) {
    fail(error)
  }
}

export function sleep(seconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, seconds * 1000))
}

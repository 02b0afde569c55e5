/** The load's messages to the run, and its failure. */
import type { LoadAnswer } from './load.js'

export function say(said: LoadAnswer): void {
  process.send!(said)
}

/** Reports a failure and ends this process, so nothing is measured after the first failure. */
export function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  process.send!({ kind: 'failed', message } satisfies LoadAnswer, () => process.exit(1))
}

/** Calls a callback and reports its error, which would be lost otherwise. */
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

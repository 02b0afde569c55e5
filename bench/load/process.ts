/** The load's own process: what it says to the run, and how it fails. */
import type { LoadAnswer } from './load.js'

export function say(said: LoadAnswer): void {
  process.send!(said)
}

/** A load that has failed once measures nothing any more. */
export function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  process.send!({ kind: 'failed', message } satisfies LoadAnswer, () => process.exit(1))
}

/** For callbacks, whose errors nobody else would hear of. */
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

/** What tests' handlers share: errors of operations as their client can read them. */
import { BackendSession, RequestError, type SessionSnapshot } from '../../../workers/index.js'

/** Does what is asked; an error with a code reaches the client as it is. */
export async function told<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw new RequestError(
      (error as { code?: string }).code ?? 'NO_CODE',
      (error as Error).message,
      describe(error)
    )
  }
}

/** The code of the error that a promise rejects with, or 'none'. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? 'NO_CODE'
  )
}

/** An error as data that says what it was in the worker. */
export function describe(error: unknown): { isError: boolean; code: unknown; message: string } {
  const { code, message } = error as { code?: unknown; message: string }
  return { isError: error instanceof Error, code, message }
}

/** A result as data: sessions as their exports. */
export function show(result: unknown): unknown {
  if (result instanceof BackendSession) return result.export() satisfies SessionSnapshot
  if (Array.isArray(result)) return result.map(show)
  return result === undefined ? 'undefined' : result
}

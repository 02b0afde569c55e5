/** The callback forms of the specification, made of the promise forms. */

/** A Node-style callback: `(error)` or `(null)`, with a result where there is one. */
export type Callback<Result = void> = (error: Error | null, result?: Result) => void

/** Whether somebody wants to be told. What is no function is no callback, as Pinus has it. */
export function isCallback<Result>(done: Callback<Result> | undefined): done is Callback<Result> {
  return typeof done === 'function'
}

/**
 * Tells a callback how a promise ended, never in the caller's own tick. A callback that throws does so outside
 * the promise, as an uncaught exception would in any other callback.
 */
export function settle<Result>(promise: Promise<Result>, done: Callback<Result> | undefined): void {
  if (!isCallback(done)) return
  promise.then(
    result => process.nextTick(result === undefined ? () => done(null) : () => done(null, result)),
    error => process.nextTick(() => done(error))
  )
}

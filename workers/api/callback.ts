/** Implements callback methods, as Pinus has them, by means of the promise methods. */
import { AsyncResource } from 'node:async_hooks'
import { nextTick } from '../runtime/own-time.js'

/** A Node-style callback: called with `(error)`, or with `(null)` and the result, if there is one. */
export type Callback<Result = void> = (error: Error | null, result?: Result) => void

/** Whether a callback was given. Anything but a function is ignored, as in Pinus. */
export function isCallback<Result>(done: Callback<Result> | undefined): done is Callback<Result> {
  return typeof done === 'function'
}

let lastAsked = 0

/** Callbacks to call once all answers of the current message are known. */
let due: Due[] = []

/** A callback to call. One `nextTick` callback calls those of several requests, each on behalf of its own. */
class Due extends AsyncResource {
  readonly asked: number
  readonly #tell: () => void

  constructor(asked: number, tell: () => void) {
    // Not `AsyncResource.bind`, which takes several times as long on Node 20.
    super('SallyportCallback')
    this.asked = asked
    this.#tell = tell
  }

  readonly tell = (): void => this.runInAsyncScope(this.#tell)
}

/**
 * Calls a callback with the result of a promise, never in the caller's own tick. Callbacks whose answers come
 * in one message from the gateway are called in the order of their operations. A callback that throws causes
 * an uncaught exception, as in any other Node API.
 */
export function settle<Result>(promise: Promise<Result>, done: Callback<Result> | undefined): void {
  if (!isCallback(done)) return
  const asked = ++lastAsked
  promise.then(
    result => tellSoon(asked, result === undefined ? () => done(null) : () => done(null, result)),
    error => tellSoon(asked, () => done(error))
  )
}

// Some promises take a few microtasks longer than others. A `nextTick` callback runs after all microtasks.
function tellSoon(asked: number, tell: () => void): void {
  if (due.push(new Due(asked, tell)) === 1) nextTick(tellDue)
}

function tellDue(): void {
  const told = due.sort((a, b) => a.asked - b.asked)
  due = []
  for (const { tell } of told) nextTick(tell)
}

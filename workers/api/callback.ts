/** The callback forms of the specification, made of the promise forms. */
import { AsyncResource } from 'node:async_hooks'
import { nextTick } from '../runtime/own-time.js'

/** A Node-style callback: `(error)` or `(null)`, with a result where there is one. */
export type Callback<Result = void> = (error: Error | null, result?: Result) => void

/** Whether somebody wants to be told. What is no function is no callback, as Pinus has it. */
export function isCallback<Result>(done: Callback<Result> | undefined): done is Callback<Result> {
  return typeof done === 'function'
}

let lastAsked = 0

/** Callbacks that are to be told when all that has just been answered is known. */
let due: { readonly asked: number; readonly tell: () => void }[] = []

/**
 * Tells a callback how a promise ended, never in the caller's own tick, and those of one message of the gateway in the
 * order in which they were asked for. A callback that throws does so outside the promise, as an uncaught exception
 * would in any other callback.
 */
export function settle<Result>(promise: Promise<Result>, done: Callback<Result> | undefined): void {
  if (!isCallback(done)) return
  const asked = ++lastAsked
  promise.then(
    result => tellSoon(asked, result === undefined ? () => done(null) : () => done(null, result)),
    error => tellSoon(asked, () => done(error))
  )
}

// Some promises take a few microtasks more than others: a tick comes after all of them.
function tellSoon(asked: number, tell: () => void): void {
  // One tick tells callbacks of several requests, and each is its own request's doing.
  if (due.push({ asked, tell: AsyncResource.bind(tell) }) === 1) nextTick(tellDue)
}

function tellDue(): void {
  const told = due.sort((a, b) => a.asked - b.asked)
  due = []
  for (const { tell } of told) nextTick(tell)
}

/** A stretch: work that a server does by itself for some time, with no load from outside. */
import type { PushRoute } from './held.js'

export interface Stretch {
  readonly seconds: number
  /** Route of the handler to call; a floor knows only one stretch and needs none. */
  readonly route?: PushRoute
  /** Pushes that may wait for their acks at a time. */
  readonly waiting?: number
  /** Players whose handlers push at the same time, each in a worker of its own. Default: one. */
  readonly players?: number
  /** Characters that the sessions hold before the stretch begins. */
  readonly ballast?: number
}

export interface StretchResult {
  /** Completed operations: pushes that were acknowledged, or what the case counts. */
  readonly count: number
  readonly seconds: number
}

/** Reply of a pushing handler. */
export interface Pushed extends StretchResult {
  /** Number of the last change, which determines the values that the session must hold. */
  readonly last: number
  /** Id of the session, and id of the worker that ran the handler. */
  readonly sid: number
  readonly worker: number
}

/** A stretch: what a server does by itself for a while, with no load from outside. */
import type { PushRoute } from './held.js'

export interface Stretch {
  readonly seconds: number
  /** The handler that is asked for; a floor does the one thing that it is there for. */
  readonly route?: PushRoute
  /** Pushes that wait for their acks at a time. */
  readonly waiting?: number
  /** Players whose handlers push at the same time, each in a worker of its own. Without it: one. */
  readonly players?: number
  /** Characters that the sessions hold before it begins. */
  readonly ballast?: number
}

export interface StretchResult {
  /** Operations that are done: pushes whose ack has come, or what the case counts. */
  readonly count: number
  readonly seconds: number
}

/** What a handler that pushes answers. */
export interface Pushed extends StretchResult {
  /** The number of the last change: tells what the session must hold now. */
  readonly last: number
  /** Whose session it is, and in which worker the handler ran. */
  readonly sid: number
  readonly worker: number
}

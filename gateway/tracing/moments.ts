/**
 * Publishes moments of connections, sessions, requests and workers to channels of `node:diagnostics_channel`.
 *
 * A message is built only if its channel has a subscriber. No message contains a body, a setting or a token.
 */
import { type Channel, channel } from 'node:diagnostics_channel'
import type { GatewayError } from '../../shared/errors.js'
import { nameSession } from '../../shared/text/log.js'
import type { ConnectionWatcher } from '../connections/connection-parts.js'
import type { RequestWatcher } from '../dispatch/open-requests.js'
import type { WorkerWatcher } from '../dispatch/worker-reports.js'
import type { RefusalWatcher } from '../intake/intake.js'
import type { ClientAddress } from '../options/options.js'
import type { Worker } from '../pool/worker.js'
import type { Registry } from '../sessions/registry.js'
import { describeOutcome, type Outcome, type Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import type { Turn } from '../sessions/turn.js'

const connectionOpened = channel('sallyport:connection:opened')
const connectionClosed = channel('sallyport:connection:closed')
const sessionOpened = channel('sallyport:session:opened')
const sessionBound = channel('sallyport:session:bound')
const sessionUnbound = channel('sallyport:session:unbound')
const sessionDropped = channel('sallyport:session:dropped')
const sessionResumed = channel('sallyport:session:resumed')
const sessionClosed = channel('sallyport:session:closed')
const requestReceived = channel('sallyport:request:received')
const requestRefused = channel('sallyport:request:refused')
const requestHandedOut = channel('sallyport:request:handed-out')
const requestTakenBack = channel('sallyport:request:taken-back')
const requestDecided = channel('sallyport:request:decided')
const workerStarting = channel('sallyport:worker:starting')
const workerUp = channel('sallyport:worker:up')
const workerEnded = channel('sallyport:worker:ended')

/** All channels, in the order of the documents. */
export const momentChannels: readonly Channel[] = [
  connectionOpened,
  connectionClosed,
  sessionOpened,
  sessionBound,
  sessionUnbound,
  sessionDropped,
  sessionResumed,
  sessionClosed,
  requestReceived,
  requestRefused,
  requestHandedOut,
  requestTakenBack,
  requestDecided,
  workerStarting,
  workerUp,
  workerEnded
]

export class Moments implements ConnectionWatcher, RefusalWatcher, RequestWatcher, WorkerWatcher {
  connectionOpened({ ip, port }: ClientAddress): void {
    if (connectionOpened.hasSubscribers) connectionOpened.publish({ ip, port })
  }

  connectionClosed({ ip, port }: ClientAddress, code: number, reason: string): void {
    if (connectionClosed.hasSubscribers) connectionClosed.publish({ ip, port, code, reason })
  }

  /** Publishes the moments of a registry's sessions. */
  follow(registry: Registry): void {
    registry.on('opened', (session, { protocol }) => tell(sessionOpened, session, () => ({ protocol })))
    registry.on('bind', session => tell(sessionBound, session))
    registry.on('unbind', (session, uid) => tell(sessionUnbound, session, () => ({ from: uid })))
    registry.on('dropped', (session, reason, until) =>
      tell(sessionDropped, session, () => ({ reason, until }))
    )
    registry.on('resumed', (session, { protocol }) => tell(sessionResumed, session, () => ({ protocol })))
    registry.on('closed', (session, reason) => tell(sessionClosed, session, () => ({ reason })))
  }

  requestAdded(request: Request): void {
    if (requestReceived.hasSubscribers) requestReceived.publish(nameRequest(request))
  }

  turnHandedOut({ requests, worker }: Turn): void {
    if (!requestHandedOut.hasSubscribers) return
    for (const request of requests)
      requestHandedOut.publish({ ...nameRequest(request), worker: worker.index })
  }

  turnTakenBack({ worker }: Turn, requests: readonly Request[]): void {
    if (!requestTakenBack.hasSubscribers) return
    for (const request of requests)
      requestTakenBack.publish({ ...nameRequest(request), worker: worker.index })
  }

  requestDecided(request: Request, outcome: Outcome | undefined, now: number): void {
    if (!requestDecided.hasSubscribers) return
    const times = request.timesAt(now)
    requestDecided.publish({ ...nameRequest(request), ...times, outcome: describeOutcome(outcome) })
  }

  requestRefused(session: Session, route: string | number, { code }: GatewayError): void {
    tell(requestRefused, session, () => ({ route, code }))
  }

  workerStarts({ index }: Worker): void {
    if (workerStarting.hasSubscribers) workerStarting.publish({ worker: index })
  }

  workerUp({ index, routes }: Worker): void {
    if (workerUp.hasSubscribers) workerUp.publish({ worker: index, routes: routes.length })
  }

  workerEnded(worker: Worker, cause: Error): void {
    if (!workerEnded.hasSubscribers) return
    const by = worker.ending.by === 'gateway' ? 'gateway' : worker.ending.describe(cause).cause
    workerEnded.publish({ worker: worker.index, cause: by })
  }
}

function tell(to: Channel, session: Session, more?: () => object): void {
  if (to.hasSubscribers) to.publish({ ...nameSession(session), ...more?.() })
}

function nameRequest(request: Request): object {
  const { traceparent, id } = request
  return { ...request.names, isNotify: id === 0, ...(traceparent !== undefined && { traceparent }) }
}

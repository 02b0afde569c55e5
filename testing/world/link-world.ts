/**
 * The two ends of the link in one process, without threads and sockets: the base of `TestWorld`. The
 * worker's half (link, operations) and the gateway's half (registry, operations) talk over a
 * MessageChannel. Operations of handlers run through the same code as in a running gateway.
 */
import { MessageChannel } from 'node:worker_threads'
import {
  createWorkerOperations,
  type OperationRouting,
  type OperationTargets
} from '../../gateway/operations/worker-operations.js'
import type { SingleSession } from '../../gateway/options/plain-options.js'
import { Channels } from '../../gateway/sessions/channels.js'
import { Registry } from '../../gateway/sessions/registry.js'
import type { Session } from '../../gateway/sessions/session.js'
import { Metrics } from '../../gateway/telemetry/metrics.js'
import { Inbox } from '../../shared/link/inbox.js'
import { type OutboxMessage, refuseOutcomes } from '../../shared/link/outbox.js'
import { readOutbox } from '../../shared/link/outbox-reader.js'
import type { Logger } from '../../shared/text/log.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import { Channel } from '../../workers/api/channel.js'
import { appCaller } from '../../workers/operations/caller.js'
import { Link, type LinkPort } from '../../workers/operations/link.js'
import { Messenger } from '../../workers/operations/messenger.js'
import { SessionOperations } from '../../workers/operations/session-operations.js'
import { nextViewId, SessionView } from '../../workers/operations/session-view.js'
import type { BodyLimits } from '../../workers/running/body.js'
import { setImmediate } from '../../workers/runtime/own-time.js'

/** The default limits of a gateway: of settings, of bodies, and of the operations of one request. */
export const standardLimits: SettingsLimits = { maxSettingsLength: 65_536, maxSettingsKeys: 1_024 }
export const standardBodyLimits: BodyLimits = { maxBodyBytes: 65_536, maxBodyDepth: 64 }
export const standardMaxOperations = 10_000

export interface LinkWorldOptions {
  readonly frontendId: string
  readonly log: Logger
  readonly singleSession?: SingleSession
  readonly limits?: SettingsLimits
  readonly maxChannels?: number
  readonly maxMembers?: number
  /** Returns the route of a request that may no longer ask for operations; undefined: the request may. */
  readonly endedRoute?: (rid: number) => string | undefined
  /** Connects the sessions with those of other gateways. */
  readonly route?: (targets: OperationTargets) => OperationRouting
  /** The number before that of the first session. */
  readonly sidBefore?: number
}

export interface LinkWorld {
  readonly registry: Registry
  readonly channels: Channels
  readonly metrics: Metrics
  readonly link: Link
  readonly targets: OperationTargets
  readonly operations: SessionOperations
  /** All messages that the worker's half has sent. */
  readonly sent: OutboxMessage[]
  /** Returns the view that a worker would have of the session now. */
  view(session: Session): SessionView
  /** Waits until all operations are applied, also those that answers cause. Rejects once it is closed. */
  settle(): Promise<void>
  /** Throws once it is closed. */
  expectOpen(): void
  /** Settles as the promise does, but rejects when the world is closed before. */
  untilClosed<Value>(promise: Promise<Value>): Promise<Value>
  close(): void
}

export function createLinkWorld({
  frontendId,
  log,
  singleSession = 'off',
  limits = standardLimits,
  maxChannels = 64,
  maxMembers = 100_000,
  endedRoute = () => undefined,
  route,
  sidBefore
}: LinkWorldOptions): LinkWorld {
  const { port1, port2 } = new MessageChannel()
  const metrics = new Metrics()
  const registry = new Registry({
    frontendId,
    singleSession,
    maxResumeWindow: 600_000,
    metrics,
    now: () => 1_000
  })
  const inbox = new Inbox()
  const source = { serial: 1, endedRoute, namesOf: () => ({}) }
  const channels = new Channels({ maxChannels, maxMembers })
  registry.on('closed', session => channels.leaveAll(session))
  // Messages on their way, in both directions. Only they keep the process alive: a test that has failed does
  // not close its world.
  let underWay = 0
  const sends = (send: () => void) => {
    underWay++
    port2.ref()
    send()
  }
  const arrived = () => {
    if (--underWay === 0) port2.unref()
  }
  const sendInbox = () => {
    if (!inbox.isEmpty) sends(() => port2.postMessage(inbox.take()))
  }
  if (sidBefore !== undefined) registry.numberFrom(sidBefore)
  const targets: OperationTargets = { frontendId, registry, channels, limits, metrics, log }
  targets.routing = route?.(targets)
  const applied = createWorkerOperations(source, inbox, sendInbox, targets)
  const sent: OutboxMessage[] = []
  port2.on('message', (message: OutboxMessage) => {
    sent.push([...message])
    readOutbox(message, noOutcomes, applied.sessions, applied.events)
    sendInbox()
    arrived()
  })
  port2.unref()
  let isClosed = false
  /** Refuses the operations that wait for an answer, once those that are being made wait for theirs. */
  const refuseSoon = () => setImmediate(() => link.refuseAll(closedError()))
  const port: LinkPort = {
    on: (event, listener) => port1.on(event, listener),
    postMessage: message => {
      if (isClosed) refuseSoon()
      else sends(() => port1.postMessage(message))
    },
    unref: () => port1.unref()
  }
  const link = new Link(port, () => {})
  port1.on('message', arrived)
  const operations = new SessionOperations(link, appCaller, limits)
  const messenger = new Messenger(link, appCaller, operations, frontendId)
  const expectOpen = () => {
    if (isClosed) throw closedError()
  }
  const waiting = new Set<(error: Error) => void>()
  const settleOnce = async () => {
    // Operations are applied in order, so the answer to this one means that all earlier ones are applied. If
    // other messages came with it, what follows from them is awaited too.
    let before: number
    do {
      // Lets all operations leave that were made so far, so that this one is alone in its message.
      await new Promise<void>(resolve => setImmediate(resolve))
      before = sent.length
      await new Channel('settled', messenger).size()
    } while (sent.length > before + 1)
  }
  let settling = Promise.resolve()
  // One at a time: each would take the messages of another for operations of the game.
  const settle = async () => {
    expectOpen()
    settling = settling.then(settleOnce)
    await settling
  }
  return {
    registry,
    channels,
    metrics,
    link,
    targets,
    operations,
    sent,
    view: session => new SessionView({ viewId: nextViewId(), frontendId, ...session.snapshot }),
    settle,
    expectOpen,
    untilClosed: promise =>
      new Promise((resolve, reject) => {
        if (isClosed) reject(closedError())
        waiting.add(reject)
        promise.then(resolve, reject).finally(() => waiting.delete(reject))
      }),
    close: () => {
      isClosed = true
      for (const reject of waiting) reject(closedError())
      port2.close()
      refuseSoon()
    }
  }
}

function closedError(): Error {
  return new Error('The world is closed')
}

const noOutcomes = refuseOutcomes(() => {
  throw new Error('No request runs over a pair of links')
})

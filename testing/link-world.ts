/**
 * Sessions without threads and without sockets: the worker's half (link, operations) and the gateway's half (registry,
 * operations) talk over a MessageChannel in one process. What handlers do to sessions is done by the code that does it in
 * a running gateway.
 */
import { MessageChannel } from 'node:worker_threads'
import { EventOperations } from '../gateway/operations/event-operations.js'
import { OperationAcks } from '../gateway/operations/operation-acks.js'
import { Operations } from '../gateway/operations/operations.js'
import type { SingleSession } from '../gateway/options/plain-options.js'
import { Channels } from '../gateway/sessions/channels.js'
import { Registry } from '../gateway/sessions/registry.js'
import type { Session } from '../gateway/sessions/session.js'
import { Metrics } from '../gateway/telemetry/metrics.js'
import { Inbox } from '../shared/link/inbox.js'
import type { OutboxMessage, OutcomeReader } from '../shared/link/outbox.js'
import { readOutbox } from '../shared/link/outbox-reader.js'
import type { Logger } from '../shared/text/log.js'
import type { SettingsLimits } from '../shared/values/settings-text.js'
import { nobody } from '../workers/operations/caller.js'
import { Link } from '../workers/operations/link.js'
import { SessionOperations } from '../workers/operations/session-operations.js'
import { nextViewId, SessionView } from '../workers/operations/session-view.js'

/** Those of a gateway that is told nothing else. */
export const standardLimits: SettingsLimits = { maxSettingsLength: 65_536, maxSettingsKeys: 1_024 }

export interface LinkWorldOptions {
  readonly frontendId: string
  readonly log: Logger
  readonly singleSession?: SingleSession
  readonly limits?: SettingsLimits
  readonly maxChannels?: number
  readonly maxMembers?: number
  /** The route of a request that may not act any more. */
  readonly endedRoute?: (rid: number) => string | undefined
}

export interface LinkWorld {
  readonly registry: Registry
  readonly channels: Channels
  readonly metrics: Metrics
  readonly link: Link
  readonly operations: SessionOperations
  /** Every message that the worker's half has sent. */
  readonly sent: OutboxMessage[]
  /** What a worker would know of the session as it is now. */
  view(session: Session): SessionView
  close(): void
}

export function createLinkWorld({
  frontendId,
  log,
  singleSession = 'off',
  limits = standardLimits,
  maxChannels = 64,
  maxMembers = 100_000,
  endedRoute = () => undefined
}: LinkWorldOptions): LinkWorld {
  const { port1, port2 } = new MessageChannel()
  const metrics = new Metrics()
  const registry = new Registry({ frontendId, singleSession, metrics, now: () => 1_000 })
  const inbox = new Inbox()
  const source = { serial: 1, endedRoute, routeOf: () => undefined }
  const answers = new OperationAcks({ frontendId, source, inbox, metrics, log })
  const operations = new Operations({ answers, registry, metrics, limits })
  const channels = new Channels({ maxChannels, maxMembers })
  registry.on('closed', session => channels.leaveAll(session))
  const events = new EventOperations({ answers, registry, channels, metrics })
  const sent: OutboxMessage[] = []
  port2.on('message', (message: OutboxMessage) => {
    sent.push([...message])
    readOutbox(message, noOutcomes, operations, events)
    if (!inbox.isEmpty) port2.postMessage(inbox.take())
  })
  const link = new Link(port1, () => {})
  return {
    registry,
    channels,
    metrics,
    link,
    operations: new SessionOperations(link, nobody, limits),
    sent,
    view: session => new SessionView({ viewId: nextViewId(), frontendId, ...session.snapshot }),
    close: () => port2.close()
  }
}

const unexpected = () => {
  throw new Error('No request runs over a pair of links')
}

const noOutcomes: OutcomeReader = {
  reply: unexpected,
  failed: unexpected,
  slotDone: unexpected,
  awaitOperations: unexpected,
  goOn: unexpected,
  ready: unexpected,
  log: unexpected,
  fatal: unexpected
}

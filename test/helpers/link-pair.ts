/**
 * Both ends of a link without a thread: the worker's half (link, operations, BackendSessions) and the gateway's half
 * (registry, operations) talk over a MessageChannel in one process, so that a test sees what crosses.
 */
import { MessageChannel } from 'node:worker_threads'
import type { Test } from 'tap'
import { Answers } from '../../gateway/answers.js'
import { Channels } from '../../gateway/channels.js'
import { EventOperations } from '../../gateway/event-operations.js'
import { Metrics } from '../../gateway/metrics.js'
import { Operations } from '../../gateway/operations.js'
import type { SingleSession } from '../../gateway/option-table.js'
import { Registry } from '../../gateway/registry.js'
import type { Session } from '../../gateway/session.js'
import { Inbox } from '../../shared/inbox.js'
import { createLogger } from '../../shared/log.js'
import type { OutboxMessage, OutcomeReader } from '../../shared/outbox.js'
import { readOutbox } from '../../shared/outbox-reader.js'
import { Outbox } from '../../shared/outbox-writer.js'
import { BackendSession } from '../../workers/backend-session.js'
import type { BackendSessionService } from '../../workers/backend-session-service.js'
import { ChannelService } from '../../workers/channel-service.js'
import { Link } from '../../workers/link.js'
import { Messenger } from '../../workers/messenger.js'
import { nobody } from '../../workers/origin.js'
import { SessionOperations } from '../../workers/session-operations.js'
import { nextView, SessionView } from '../../workers/session-view.js'
import { UserOperations } from '../../workers/user-operations.js'
import { FakeReceiver } from './fake-receiver.js'
import type { LogLine } from './gateway.js'

export interface LinkPairOptions {
  readonly singleSession?: SingleSession
  readonly maxSettingsLength?: number
  readonly maxMembers?: number
  /** The route of a request that may not act any more. */
  readonly endedRoute?: (rid: number) => string | undefined
}

export interface LinkPair {
  readonly registry: Registry
  readonly channels: Channels
  readonly metrics: Metrics
  readonly service: BackendSessionService
  readonly lines: readonly LogLine[]
  /** Every message that the worker's half has sent. */
  readonly sent: OutboxMessage[]
  /** A new session in the gateway's half. */
  open(): Session
  /** Events and channels as a request of the session has them, whose number is 7; without one as a timer has them. */
  messenger(session?: Session): Messenger
  /** Channels in Pinus' words, as `app` has them. */
  readonly channelService: ChannelService
  /** A worker's copy of the session as it is now, as a new turn would get it. */
  copy(session: Session): BackendSession
}

export const frontendId = 'gateway-1'

export function createLinkPair(
  t: Test,
  {
    singleSession = 'off',
    maxSettingsLength = 65_536,
    maxMembers = 5,
    endedRoute = () => undefined
  }: LinkPairOptions = {}
): LinkPair {
  const { port1, port2 } = new MessageChannel()
  const metrics = new Metrics()
  const registry = new Registry({ frontendId, singleSession, metrics, now: () => 1_000 })
  const lines: LogLine[] = []
  const inbox = new Inbox()
  const log = createLogger('debug', (level, message, fields = {}) => lines.push({ level, message, fields }))
  const source = { serial: 1, endedRoute, routeOf: () => undefined }
  const answers = new Answers({ frontendId, source, inbox, metrics, log })
  const operations = new Operations({ answers, registry, metrics, maxSettingsLength })
  const channels = new Channels({ maxChannels: 3, maxMembers })
  registry.on('closed', session => channels.leaveAll(session))
  const events = new EventOperations({ answers, registry, channels, metrics })
  const sent: OutboxMessage[] = []
  port2.on('message', (message: OutboxMessage) => {
    sent.push([...message])
    readOutbox(message, noOutcomes, operations, events)
    if (!inbox.isEmpty) port2.postMessage(inbox.take())
  })
  t.teardown(() => port2.close())
  const link = new Link(port1, () => {})
  const sessionOperations = new SessionOperations(link, nobody, { maxSettingsLength })
  const view = (session: Session) => new SessionView({ view: nextView(), frontendId, ...session.snapshot })
  return {
    registry,
    channels,
    metrics,
    service: sessionOperations.service,
    lines,
    sent,
    open: () => registry.open(new FakeReceiver()),
    messenger: session =>
      new Messenger(
        link,
        session === undefined ? nobody : { ...nobody, rid: 7, view: view(session) },
        sessionOperations,
        frontendId
      ),
    channelService: new ChannelService({
      frontendId,
      messenger: new Messenger(link, nobody, sessionOperations, frontendId),
      operations: sessionOperations,
      users: new UserOperations(link, sessionOperations)
    }),
    copy: session => new BackendSession(view(session), sessionOperations)
  }
}

/** What each item of the messages is, by its name: `bind`, `push` … */
export function namesOf(messages: readonly OutboxMessage[]): string[] {
  const names: string[] = []
  const recorder = new Proxy(new Outbox(), {
    get: (_outbox, name) => () => names.push(String(name))
  })
  for (const message of messages) readOutbox(message, recorder, recorder, recorder)
  return names
}

const unexpected = () => {
  throw new Error('No request runs over a pair of links')
}

const noOutcomes: OutcomeReader = {
  reply: unexpected,
  failed: unexpected,
  released: unexpected,
  ready: unexpected,
  log: unexpected,
  fatal: unexpected
}

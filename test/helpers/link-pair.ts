/** Both ends of a link without a thread, so that a test sees the messages between them. */
import type { Test } from 'tap'
import type { OperationTargets } from '../../gateway/operations/worker-operations.js'
import type { SingleSession } from '../../gateway/options/plain-options.js'
import type { Channels } from '../../gateway/sessions/channels.js'
import type { Registry } from '../../gateway/sessions/registry.js'
import type { Session } from '../../gateway/sessions/session.js'
import type { Metrics } from '../../gateway/telemetry/metrics.js'
import type { OutboxMessage } from '../../shared/link/outbox.js'
import { readOutbox } from '../../shared/link/outbox-reader.js'
import { Outbox } from '../../shared/link/outbox-writer.js'
import { createLogger } from '../../shared/text/log.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import { createLinkWorld, type LinkWorldOptions } from '../../testing/world/link-world.js'
import { BackendSession } from '../../workers/api/backend-session.js'
import { BackendSessionService } from '../../workers/api/backend-session-service.js'
import { appCaller } from '../../workers/operations/caller.js'
import { Messenger } from '../../workers/operations/messenger.js'
import { ChannelService } from '../../workers/pinus/channel-service.js'
import { UserOperations } from '../../workers/pinus/user-operations.js'
import { FakeReceiver } from './fake-receiver.js'
import type { LogLine } from './gateway.js'

export interface LinkPairOptions extends Pick<LinkWorldOptions, 'route' | 'sidBefore'> {
  /** The gateway's name: `gateway-1` by default. */
  readonly name?: string
  readonly singleSession?: SingleSession
  readonly limits?: SettingsLimits
  readonly maxMembers?: number
  /** Returns the route of a request that may not act any more. */
  readonly endedRoute?: (rid: number) => string | undefined
}

export interface LinkPair {
  readonly registry: Registry
  readonly channels: Channels
  readonly metrics: Metrics
  readonly targets: OperationTargets
  readonly service: BackendSessionService
  readonly lines: readonly LogLine[]
  /** Every message that the worker's half has sent. */
  readonly sent: OutboxMessage[]
  /** Opens a new session in the gateway's half. */
  open(): Session
  /**
   * Returns the messenger of the session's request number 7; without a session, that of code outside
   * requests, such as a timer.
   */
  messenger(session?: Session): Messenger
  /** The channel service of Pinus, as `app` has it. */
  readonly channelService: ChannelService
  /** Returns a worker's copy of the session in its present state, as a new turn would get it. */
  copy(session: Session): BackendSession
}

export const frontendId = 'gateway-1'

export function createLinkPair(
  t: Test,
  { name = frontendId, maxMembers = 5, ...options }: LinkPairOptions = {}
): LinkPair {
  const lines: LogLine[] = []
  const log = createLogger('debug', (level, message, fields = {}) => lines.push({ level, message, fields }))
  const world = createLinkWorld({ frontendId: name, log, maxChannels: 3, maxMembers, ...options })
  // What other gateways answer may wait for timers that keep no process alive.
  const stayAlive = setInterval(() => {}, 60_000)
  t.teardown(() => {
    clearInterval(stayAlive)
    world.close()
  })
  const { registry, channels, metrics, targets, link, operations, sent } = world
  const service = new BackendSessionService(operations)
  return {
    registry,
    channels,
    metrics,
    targets,
    service,
    lines,
    sent,
    open: () => registry.open(new FakeReceiver()),
    messenger: session =>
      new Messenger(
        link,
        session === undefined ? appCaller : { ...appCaller, rid: 7, view: world.view(session) },
        operations,
        name
      ),
    channelService: new ChannelService({
      frontendId: name,
      messenger: new Messenger(link, appCaller, operations, name),
      operations,
      users: new UserOperations(link, operations)
    }),
    copy: session => new BackendSession(world.view(session), operations, { service })
  }
}

/** Returns the names of all items in the messages: `bind`, `push` … */
export function namesOf(messages: readonly OutboxMessage[]): string[] {
  const names: string[] = []
  const recorder = new Proxy(new Outbox(), {
    get: (_outbox, name) => () => names.push(String(name))
  })
  for (const message of messages) readOutbox(message, recorder, recorder, recorder)
  return names
}

/**
 * Creates the readers that apply one worker's operations. The gateway and its tests both use this file, so
 * that tests run operations exactly as production does. The readers are created with the worker, and live as
 * long as the worker does.
 */
import type { EventReader, OperationReader } from '../../shared/link/outbox.js'
import type { Logger } from '../../shared/text/log.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { Channels } from '../sessions/channels.js'
import type { Registry } from '../sessions/registry.js'
import type { Metrics } from '../telemetry/metrics.js'
import { EventOperations, type MovesOfSource } from './event-operations.js'
import {
  type AnswerReader,
  type KickStore,
  OperationAcks,
  type OperationSource,
  type SessionStore
} from './operation-acks.js'
import { Operations } from './operations.js'

/** The parts of a gateway that operations act on. They are the same for all workers. */
export interface OperationTargets {
  readonly frontendId: string
  readonly registry: Registry
  readonly channels: Channels
  readonly limits: SettingsLimits
  readonly metrics: Metrics
  readonly log: Logger
  /** Has operations reach the sessions of other gateways. Set in a cluster, before workers are started. */
  routing?: OperationRouting | undefined
  /** Keeps sessions for after a crash, before changes are answered. Set in a cluster, if it is to. */
  store?: SessionStore | undefined
  /** Has kicks reach sessions that no gateway has. Set in a cluster, if it keeps sessions. */
  kicks?: KickStore | undefined
}

/** What connects a worker with the sessions of other gateways: `cluster/routing`. */
export interface OperationRouting {
  /** Creates the readers for one worker, with the same parameters as `createWorkerOperations`. */
  create(source: OperationSource, inbox: AnswerReader, sendSoon: () => void): WorkerOperations
  /** Creates the reader of events that are for the sessions of other gateways only. Nothing is answered. */
  createForOthers(source: OperationSource): EventReader
}

/** The readers that apply the operations of one worker, by kind. */
export interface WorkerOperations {
  readonly sessions: OperationReader
  readonly events: EventReader
  /** Answers an operation that threw while it was applied. */
  readonly acks: Pick<OperationAcks, 'fail'>
}

/**
 * Creates the readers for one worker. `inbox` carries the answers back to it. `sendInbox` sends it, for
 * answers that come later than the message of their operations.
 */
export function createWorkerOperations(
  source: OperationSource,
  inbox: AnswerReader,
  sendInbox: () => void,
  targets: OperationTargets
): WorkerOperations {
  const sendSoon = oncePerTurn(sendInbox)
  const { frontendId, routing } = targets
  if (routing !== undefined) return routing.create(source, inbox, sendSoon)
  return createLocalOperations(
    new OperationAcks({ ...targets, frontendId, source, inbox, sendSoon }),
    targets
  )
}

/** Creates the readers that act on the sessions of this gateway. `moves`: of the source, another gateway. */
export function createLocalOperations(
  acks: OperationAcks,
  { registry, channels, limits, metrics, routing, kicks }: OperationTargets,
  moves?: MovesOfSource
) {
  return {
    acks,
    sessions: new Operations({ acks, registry, metrics, limits, moves, kicks }),
    events: new EventOperations({
      acks,
      registry,
      channels,
      metrics,
      moves,
      isClustered: routing !== undefined
    })
  }
}

/** Returns a function that has `run` called once, when the code that runs now has run. */
function oncePerTurn(run: () => void): () => void {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      isDue = false
      run()
    })
  }
}

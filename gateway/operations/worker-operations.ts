/**
 * Creates the readers that apply one worker's operations. The gateway and its tests both use this file, so
 * that tests run operations exactly as production does. The readers are created with the worker, and live as
 * long as the worker does.
 */
import type { Inbox } from '../../shared/link/inbox.js'
import type { EventReader, OperationReader } from '../../shared/link/outbox.js'
import type { Logger } from '../../shared/text/log.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { Channels } from '../sessions/channels.js'
import type { Registry } from '../sessions/registry.js'
import type { Metrics } from '../telemetry/metrics.js'
import { EventOperations } from './event-operations.js'
import { OperationAcks, type OperationSource } from './operation-acks.js'
import { Operations } from './operations.js'

/** The parts of a gateway that operations act on. They are the same for all workers. */
export interface OperationTargets {
  readonly frontendId: string
  readonly registry: Registry
  readonly channels: Channels
  readonly limits: SettingsLimits
  readonly metrics: Metrics
  readonly log: Logger
}

/** The readers that apply the operations of one worker, by kind. */
export interface WorkerOperations {
  readonly sessions: OperationReader
  readonly events: EventReader
  /** Answers an operation that threw while it was applied. */
  readonly acks: Pick<OperationAcks, 'fail'>
}

/** Creates the readers for one worker. `inbox` is that worker's inbox, which carries the acks. */
export function createWorkerOperations(
  source: OperationSource,
  inbox: Inbox,
  { frontendId, registry, channels, limits, metrics, log }: OperationTargets
): WorkerOperations {
  const acks = new OperationAcks({ frontendId, source, inbox, metrics, log })
  return {
    acks,
    sessions: new Operations({ acks, registry, metrics, limits }),
    events: new EventOperations({ acks, registry, channels, metrics })
  }
}

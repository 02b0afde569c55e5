/** The services and limits that all connections of a gateway share. */

import type { CloseCode } from '../../shared/close-codes.js'
import type { Intake } from '../intake/intake.js'
import type { SharedBudget } from '../limits/shared-budget.js'
import type { TimeLimits } from '../limits/time-limits.js'
import type { ClientAddress, ResolvedOptions } from '../options/options.js'
import type { Resumption } from '../resume/resumption.js'
import type { Authentication } from '../sessions/authentication.js'
import type { Registry } from '../sessions/registry.js'
import type { RouteTable } from '../sessions/routes.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Connection } from './connection.js'
import type { TrafficLimits } from './traffic.js'

/** Told of each connection, for the log. */
export interface ConnectionWatcher {
  connectionOpened(address: ClientAddress): void
  connectionClosed(address: ClientAddress, code: number, reason: string): void
}

export interface ConnectionParts {
  readonly watchers: readonly ConnectionWatcher[]
  readonly authentication: Authentication
  readonly options: ResolvedOptions
  readonly registry: Registry
  readonly routes: RouteTable
  readonly intake: Intake
  readonly timeLimits: Pick<TimeLimits, 'areOff' | 'look'>
  readonly metrics: Metrics
  /** Bounds the bytes that wait to be sent to all clients together. */
  readonly budget: SharedBudget
  readonly resumption: Resumption
  readonly trafficLimits: TrafficLimits
  /** Called when the gateway closes a connection. */
  readonly onClosing: (connection: Connection, code: CloseCode, reason: string) => void
  /** Called once, after the socket has closed. */
  readonly onClose: (connection: Connection, code: number) => void
}

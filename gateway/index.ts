/**
 * The module `sallyport`, for programs that host a gateway.
 *
 * @module sallyport
 */

export type { SessionAddress } from '../shared/address.js'
export { type CloseCode, type CloseCodeName, closeCodes } from '../shared/close-codes.js'
export { type ErrorData, GatewayError } from '../shared/errors.js'
export type { BroadcastFilter, DeliveryName, EventOptions } from '../shared/events/event.js'
export type { EventArguments, EventBody, EventName, Events } from '../shared/events/event-types.js'
export type { FullLogger, LogFields, Logger, LogLevel } from '../shared/text/log.js'
export type {
  Member as HostMember,
  MembersOptions as HostMembersOptions
} from '../shared/values/members-page.js'
export type { HostSettings } from '../shared/values/session-settings.js'
export type {
  ClusterLoad,
  ClusterPeer,
  ClusterState,
  ClusterView,
  MemberLoad,
  MemberState
} from './cluster/cluster-view.js'
export { Gateway } from './gateway.js'
export { type ClientFiles, clientFiles } from './host/client-files.js'
export { HostChannel } from './host/host-channel.js'
export type { HostBroadcastOptions, HostRecipient } from './host/host-events.js'
export type { HostExceptOptions, HostSessionLike } from './host/host-names.js'
export { HostSession, type HostSessionEvents } from './host/host-session.js'
export { servePage } from './host/serve-page.js'
export { SessionService, type SessionServiceEvents } from './host/session-service.js'
export type { ConsolePlace } from './internal/console-place.js'
export type { Diagnosis } from './internal/diagnosis.js'
export type { ClusterReady, Fence, Replicate } from './options/cluster-options.js'
export type {
  AuthenticationAnswer,
  AuthenticationRequest,
  ClientAddress,
  HandshakeAnswer,
  HandshakeInfo,
  HostHook,
  HttpRequestListener,
  OptionTree,
  ResolvedOptions
} from './options/options.js'
export type { Isolation, PlainOptions, SingleSession, StartPage } from './options/plain-options.js'
export type { Duration, Size } from './options/units.js'
export type { OfferedRoute } from './reloads.js'
export { type Config, type ConfigExport, createGateway, defineConfig, type GatewayOptions } from './start.js'
export { type MetricName, metricNames } from './telemetry/metrics.js'

/** What a program that hosts a gateway imports: `import { createGateway } from 'sallyport'`. */
export { type CloseCode, type CloseCodeName, closeCodes } from '../shared/close-codes.js'
export { type ErrorData, GatewayError } from '../shared/errors.js'
export type { BroadcastFilter, DeliveryName, EventOptions } from '../shared/event.js'
export type { LogFields, Logger, LogLevel } from '../shared/log.js'
export { type ClientFiles, clientFiles } from './client-files.js'
export { Gateway, type OfferedRoute } from './gateway.js'
export {
  type HostBroadcastOptions,
  HostChannel,
  type HostExceptOptions,
  type HostRecipient,
  type HostSessionLike
} from './host-events.js'
export { HostSession, type HostSessionEvents } from './host-session.js'
export { type MetricName, metricNames } from './metrics.js'
export type {
  AuthenticationAnswer,
  AuthenticationRequest,
  ClientAddress,
  GatewayOptions,
  HandshakeAnswer,
  HandshakeInfo,
  HttpRequestListener,
  ResolvedOptions
} from './options.js'
export { servePage } from './page.js'
export type { Isolation, PlainOptions, SingleSession } from './plain-options.js'
export { SessionService, type SessionServiceEvents } from './session-service.js'
export { createGateway } from './start.js'

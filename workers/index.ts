/**
 * The module `sallyport/worker`, which handlers import.
 *
 * @module sallyport/worker
 */
export type { AbortSignalLike, PlatformAbortSignal } from '../shared/abort-signal.js'
export type { SessionAddress } from '../shared/address.js'
export type { BroadcastFilter, DeliveryName, EventOptions } from '../shared/events/event.js'
export type { EventArguments, EventBody, EventName, Events } from '../shared/events/event-types.js'
export type { ConnectInfo, DropInfo, ResumeInfo } from '../shared/link/hooks.js'
export type { RouteOptions } from '../shared/link/route-options.js'
export { RequestError } from '../shared/request-error.js'
export type { RoutesOf, RouteTypes } from '../shared/route-types.js'
export type { FullLogger, LogFields, Logger } from '../shared/text/log.js'
export type { Member, MembersOptions } from '../shared/values/members-page.js'
export type { AnySettings, SessionSettings } from '../shared/values/session-settings.js'
export type { SessionSnapshot } from '../shared/values/snapshot.js'
export { BackendSession } from './api/backend-session.js'
export { BackendSessionService, type SessionInit } from './api/backend-session-service.js'
export type { Callback } from './api/callback.js'
export { Channel } from './api/channel.js'
export type { HandlerContext, WorkerInfo } from './api/context.js'
export { type AnyBody, type HandlerFunction, type HandlerOptions, handler } from './api/handler.js'
export type { Schema, SchemaInput, SchemaOutput } from './api/schema.js'
export type { AppServices, HandlerApp } from './loading/app.js'
export type { HandlerOutcome } from './loading/filters.js'
export type { BroadcastOptions, ExceptOptions, Recipient, SessionLike } from './operations/session-address.js'
export type { BroadcastPushOptions, ChannelService, PushTarget } from './pinus/channel-service.js'
export type { ChannelMember, PinusChannel, PushOptions, RoutedMessage } from './pinus/pinus-channel.js'

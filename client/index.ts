/**
 * The module `sallyport/client`: the API for the clients of a game. It needs nothing of Node.
 *
 * @example import { connect } from 'sallyport/client'
 * @module sallyport/client
 */

export type { AbortSignalLike } from '../shared/abort-signal.js'
export { mayComeBack } from '../shared/close-codes.js'
export type { Events } from '../shared/events/event-types.js'
export type { RoutesOf, RouteTypes } from '../shared/route-types.js'
export type { ErrorData } from '../shared/wire-errors.js'
export { ClientError } from './base/client-error.js'
export type {
  BackOffOptions,
  ClientOptions,
  DroppedEvents,
  EventTypes,
  PlaceStorage,
  RequestOptions
} from './base/options.js'
export type { ClientState, Failure, FailureKind, StateChange } from './base/state.js'
export type { WebSocketClass, WebSocketLike } from './base/web-socket.js'
export { Client } from './client.js'
export { connect } from './connect.js'

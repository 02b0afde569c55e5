/**
 * The module `sallyport/testing`: the API for the tests of a game.
 *
 * @example import { TestGateway, TestWorld } from 'sallyport/testing'
 * @module sallyport/testing
 */

export type { Cut } from './tcp-proxy.js'
export { TestGateway, type TestGatewayOptions } from './test-gateway.js'
export { TestPlayer } from './test-player.js'
export type { TestFolder, TestHooksInit } from './world/test-hooks.js'
export type { TestEnding, TestEvent } from './world/test-receiver.js'
export { type CallArguments, type CallOptions, TestSession } from './world/test-session.js'
export { type TestLogLine, type TestSessionInit, TestWorld } from './world/test-world.js'

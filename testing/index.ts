/**
 * The module `sallyport/testing`: the API for the tests of a game.
 *
 * @example import { TestGateway, TestWorld } from 'sallyport/testing'
 * @module sallyport/testing
 */
export type { Cut } from './tcp-proxy.js'
export { TestGateway, type TestGatewayOptions } from './test-gateway.js'
export { TestPlayer } from './test-player.js'
export {
  type TestEvent,
  type TestLogLine,
  TestSession,
  type TestSessionInit,
  TestWorld
} from './test-world.js'

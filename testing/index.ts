/**
 * The module `sallyport/testing`: what a game's tests import.
 *
 * @example import { TestGateway, TestWorld } from 'sallyport/testing'
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

/**
 * The entry of `sallyport/client` for Node, where version 20 has no WebSocket: that of the package `ws` is
 * used there. Bundlers for browsers and React Native take `client/index.ts`, by the conditions in
 * `package.json`, so that they never meet `ws`.
 */
import { fallback } from './base/web-socket.js'

export * from './index.js'

fallback.load = async () => (await import('ws')).WebSocket

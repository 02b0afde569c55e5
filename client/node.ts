/**
 * The entry of `sallyport/client` for Node, which uses the WebSocket of the package `ws`: Node 20 has none of
 * its own, and that of later versions does not tell why a connection failed. Bundlers for browsers and React
 * Native take `client/index.ts`, by the conditions in `package.json`, so that they never meet `ws`.
 */
import { explainNodeFault, watchUpgrade } from './base/node-faults.js'
import { paceMessages } from './base/node-pace.js'
import { platform } from './base/web-socket.js'

export * from './index.js'

platform.load = async () => (await import('ws')).WebSocket
platform.watch = webSocket => {
  watchUpgrade(webSocket)
  paceMessages(webSocket)
}
platform.explain = explainNodeFault

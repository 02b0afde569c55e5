/** The protocols by name. */
import { createColyseusProtocol } from './colyseus.js'
import { createJsonProtocol } from './json.js'
import { createPomeloProtocol } from './pomelo.js'
import type { Protocol } from './protocol.js'
import { createSocketIoProtocol } from './socket-io.js'

export type { Protocol } from './protocol.js'

const creators = {
  json: createJsonProtocol,
  pomelo: createPomeloProtocol,
  'socket.io': createSocketIoProtocol,
  colyseus: createColyseusProtocol
}

export type ProtocolName = keyof typeof creators

export function createProtocol(name: ProtocolName): Protocol {
  return creators[name]()
}

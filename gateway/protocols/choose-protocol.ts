/** Chooses the protocol of a connection. Only this file knows all protocols. */
import { type PomeloParts, PomeloProtocol } from './pomelo-protocol.js'
import type { Protocol, ProtocolHost } from './protocol.js'
import { TextProtocol } from './text-protocol.js'

export interface ProtocolChoice {
  /** The subprotocol that the client has asked for with its upgrade; '' if none. */
  readonly subprotocol: string
  /** Whether the client's first message is binary. */
  readonly isBinary: boolean
}

/** Returns the protocol that a client speaks. A named subprotocol wins over the kind of the first message. */
export function chooseProtocol(choice: ProtocolChoice, host: ProtocolHost, parts: PomeloParts): Protocol {
  const isPomelo = choice.isBinary || choice.subprotocol === 'pomelo'
  return isPomelo ? new PomeloProtocol(host, parts) : new TextProtocol(host)
}

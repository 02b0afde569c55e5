/**
 * Pomelo's packages, spoken by Pinus, and by our gateway so that both handle the same bytes. Routes are sent
 * as the codes of the handshake's dictionary. A heartbeat is answered when the interval of the handshake is
 * over.
 */
import { type Greeting, type Protocol, readDigits, unexpected } from './protocol.js'

const kinds = { handshake: 1, ack: 2, heartbeat: 3, data: 4 } as const

/** Flags of a message: a request whose route is a code, and a reply. */
const requestByCode = 0x01
const reply = 0x04

interface Handshake {
  readonly code: number
  readonly sys?: {
    readonly dict?: Readonly<Record<string, number>>
    /** Seconds between heartbeats. */
    readonly heartbeat?: number
  }
}

export function createPomeloProtocol(): Protocol {
  let dictionary: Readonly<Record<string, number>> = {}
  let interval = 0
  const heartbeat = encodePackage(kinds.heartbeat)
  return {
    isText: false,
    enter: async () => ({ path: '/' }),
    greet: () =>
      new PomeloGreeting(({ sys }) => {
        dictionary = sys?.dict ?? {}
        interval = sys?.heartbeat ?? 0
      }),
    request(route, id, body) {
      const code = dictionary[route]
      if (code === undefined) throw new Error(`The dictionary of the handshake has no ${route}`)
      const head = [requestByCode, ...encodeId(id), code >> 8, code & 0xff]
      return encodePackage(kinds.data, Buffer.concat([Buffer.from(head), Buffer.from(JSON.stringify(body))]))
    },
    read(bytes, start, end, hearer) {
      const kind = bytes[start]
      if (kind === kinds.heartbeat) return hearer.answer(heartbeat, interval)
      let at = start + 4
      if (kind !== kinds.data || bytes[at] !== reply) throw unexpected(bytes, start, end)
      let id = 0
      let shift = 0
      let byte: number
      do {
        byte = bytes[++at]!
        id |= (byte & 0x7f) << shift
        shift += 7
      } while (byte > 0x7f)
      hearer.reply(id, readDigits(bytes, at + 1, end))
    }
  }
}

/** A handshake in each direction, then the client's ack. */
class PomeloGreeting implements Greeting {
  readonly first = encodePackage(kinds.handshake, Buffer.from('{"sys":{"type":"bench","version":"1"}}'))
  readonly #onHandshake: (handshake: Handshake) => void
  isOver = false

  constructor(onHandshake: (handshake: Handshake) => void) {
    this.#onHandshake = onHandshake
  }

  hear(message: Buffer): Buffer {
    const handshake = JSON.parse(message.toString('utf8', 4)) as Handshake
    if (message[0] !== kinds.handshake || handshake.code !== 200) throw unexpected(message, 0, message.length)
    this.#onHandshake(handshake)
    this.isOver = true
    return encodePackage(kinds.ack)
  }
}

function encodePackage(kind: number, body: Uint8Array = new Uint8Array()): Buffer {
  const { length } = body
  return Buffer.concat([Buffer.from([kind, length >> 16, (length >> 8) & 0xff, length & 0xff]), body])
}

/** Encodes an id: seven bits in each byte, the lowest first; the high bit says that another byte follows. */
function encodeId(id: number): number[] {
  return id < 0x80 ? [id] : [(id & 0x7f) | 0x80, ...encodeId(id >> 7)]
}

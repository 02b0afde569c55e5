/** JSON in text messages, spoken by ours and by the floors. */
import { noGreeting, type Protocol, readDigits, unexpected } from './protocol.js'

const comma = ','.charCodeAt(0)

/** First byte of `null`: only an error reply, `[1000,null,{…}]`, has `null` as its body. */
const firstOfNull = 'n'.charCodeAt(0)

export function createJsonProtocol(): Protocol {
  return {
    isText: true,
    enter: async () => ({ path: '/', subprotocol: 'sallyport.json' }),
    greet: () => noGreeting,
    request: (route, id, body) => Buffer.from(JSON.stringify([id, route, body])),
    /** Reads a reply, such as `[1000,17]`. */
    read(bytes, start, end, hearer) {
      const idEnd = bytes.indexOf(comma, start)
      const id = readDigits(bytes, start + 1, idEnd)
      if (Number.isNaN(id) || bytes[idEnd + 1] === firstOfNull) throw unexpected(bytes, start, end)
      hearer.reply(id, readDigits(bytes, idEnd + 1, end - 1))
    }
  }
}

/**
 * The protocol of Socket.IO. It is version 5, on version 4 of Engine.IO, over WebSocket alone: what clients
 * get with `transports: ['websocket']`. An event with an id, `421000["add",{…}]`, is answered by an ack,
 * `431000[17]`.
 */
import { type Greeting, type Protocol, readDigits, unexpected } from './protocol.js'

const bracket = '['.charCodeAt(0)

/** A ping, which is a message of its own, and the first two bytes of an ack. */
const ping = '2'.charCodeAt(0)
const ack = Buffer.from('43').readUInt16BE()

export function createSocketIoProtocol(): Protocol {
  return {
    isText: true,
    enter: async () => ({ path: '/socket.io/?EIO=4&transport=websocket' }),
    greet: () => new SocketIoGreeting(),
    request: (route, id, body) => Buffer.from(`42${id}${JSON.stringify([route, body])}`),
    read(bytes, start, end, hearer) {
      if (bytes[start] === ping && end - start === 1) return hearer.answer(Buffer.from('3'))
      if (end - start < 4 || bytes.readUInt16BE(start) !== ack) throw unexpected(bytes, start, end)
      const idEnd = bytes.indexOf(bracket, start)
      hearer.reply(readDigits(bytes, start + 2, idEnd), readDigits(bytes, idEnd + 1, end - 1))
    }
  }
}

/**
 * The server opens (`0{…}`), the client connects to the namespace (`40`), and the server confirms (`40{…}`).
 */
class SocketIoGreeting implements Greeting {
  isOver = false

  hear(message: Buffer): Buffer | undefined {
    const text = message.toString()
    if (text.startsWith('0{')) return Buffer.from('40')
    if (!text.startsWith('40{')) throw unexpected(message, 0, message.length)
    this.isOver = true
    return undefined
  }
}

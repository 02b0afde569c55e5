/**
 * A small server of Pomelo's protocol that is not ours: its codec is the reference package, and it knows
 * nothing of resume, rich bodies or marked errors.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import { encodePackage, messageTypes, packageTypes } from './pomelo-player.js'
import { pomeloProtocol } from './pomelo-protocol.js'

const { Package, Message, strencode } = pomeloProtocol

export interface PomeloServerOptions {
  /** The codes of routes; the server then names the routes of its events by them too. */
  readonly dict?: Readonly<Record<string, number>>
  /** Answers a request. */
  readonly answer: (route: string, body: unknown, push: (route: string, body: unknown) => void) => unknown
}

/** Starts the server. Returns its URL, and the routes of messages as they came: texts, or codes. */
export async function startPomeloServer(
  t: Test,
  { dict, answer }: PomeloServerOptions
): Promise<{ readonly url: string; readonly routes: Set<string | number> }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const routes = new Set<string | number>()
  const names = new Map(Object.entries(dict ?? {}).map(([name, code]) => [code, name]))
  server.on('connection', socket => {
    socket.on('message', (data: Buffer) => {
      const decoded = Package.decode(data)
      for (const { type, body } of Array.isArray(decoded) ? decoded : [decoded]) {
        if (type === packageTypes.handshake) socket.send(handshakeAnswer(dict))
        if (type === packageTypes.heartbeat) socket.send(encodePackage(packageTypes.heartbeat))
        if (type === packageTypes.data) receive(socket, body!)
      }
    })
  })
  const receive = (socket: WebSocket, bytes: Uint8Array) => {
    const { id, route, body } = Message.decode(bytes)
    routes.add(route!)
    const name = typeof route === 'number' ? names.get(route)! : route!
    const text = Buffer.from(body).toString()
    const send = (type: number, to: string | number | null, value: unknown) => {
      const isCode = typeof to === 'number'
      const message = Message.encode(id, type, isCode, to, strencode(JSON.stringify(value)), false)
      socket.send(encodePackage(packageTypes.data, message))
    }
    const push = (event: string, value: unknown) => send(messageTypes.event, dict?.[event] ?? event, value)
    const reply = answer(name, text === '' ? undefined : JSON.parse(text), push)
    if (id !== 0) send(messageTypes.reply, null, reply)
  }
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  await once(server, 'listening')
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, routes }
}

function handshakeAnswer(dict: PomeloServerOptions['dict']): Uint8Array {
  const sys = { heartbeat: 30, ...(dict === undefined ? {} : { dict, useDict: true }) }
  return encodePackage(packageTypes.handshake, JSON.stringify({ code: 200, sys }))
}

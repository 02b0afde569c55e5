/**
 * Pomelo's original browser client, unmodified. The file of the npm package `pomelo-jsclient-websocket` runs
 * in a context with the globals of a page that it needs.
 */
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createContext, runInContext } from 'node:vm'
import { WebSocket } from 'ws'
import { browserProtocol } from './pomelo-protocol.js'

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
export type PomeloBody = any

export interface PomeloClient extends EventEmitter {
  init(params: Record<string, unknown>, done: (socket: WebSocket) => void): void
  request(route: string, body: PomeloBody, done: (body: PomeloBody) => void): void
  notify(route: string, body: PomeloBody): void
  disconnect(): void
}

const path = createRequire(import.meta.url).resolve('pomelo-jsclient-websocket/lib/pomelo-client.js')
const source = readFileSync(path, 'utf8')

/**
 * Loads the client as a page would. `errors` collects the errors that its listeners throw; `thrown` rejects
 * with the first.
 */
export function loadPomeloClient() {
  const errors: unknown[] = []
  let onThrow: (error: unknown) => void = () => {}
  const thrown = new Promise<never>((_resolve, reject) => (onThrow = reject))
  thrown.catch(() => {})
  class BrowserSocket extends WebSocket {}
  // A browser reports an error of a listener and goes on; in Node it would end the process.
  const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage')!
  Object.defineProperty(BrowserSocket.prototype, 'onmessage', {
    set(listener: (event: unknown) => void) {
      set!.call(this, (event: unknown) => {
        try {
          listener(event)
        } catch (error) {
          errors.push(error)
          onThrow(error)
        }
      })
    }
  })
  const window = { Protocol: browserProtocol, EventEmitter }
  const print = { log: () => {}, error: () => {} }
  const module = { exports: {} }
  const context = { window, module, console: print, WebSocket: BrowserSocket, setTimeout, clearTimeout }
  runInContext(source, createContext(context), { filename: path })
  return { client: module.exports as PomeloClient, errors, thrown }
}

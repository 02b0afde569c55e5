/** A player's client for tests: the JSON text form over `ws`, without any of our own code. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'

/** An error reply. */
export class ReplyError extends Error {
  readonly code: string
  readonly data: unknown
  constructor({ error, message, data }: { error: string; message: string; data?: unknown }) {
    super(message)
    this.code = error
    this.data = data
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
type Body = any

interface Waiting {
  resolve(body: Body): void
  reject(error: Error): void
}

export class Player {
  readonly ws: WebSocket
  /** Events in the order in which they came, as [name, body]. */
  readonly events: [string, Body][] = []
  /** Messages that belong to no request. */
  readonly strays: unknown[] = []
  /** Resolves when the connection has closed, with its code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString())))
    ws.on('error', () => {})
    this.closed = new Promise(resolve => {
      ws.on('close', (code, reason) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`The connection closed (${code})`))
        this.#waiting.clear()
        resolve({ code, reason: String(reason) })
      })
    })
  }

  static async connect(url: string, protocol: string | undefined = 'sallyport.json'): Promise<Player> {
    const ws = protocol === undefined ? new WebSocket(url) : new WebSocket(url, protocol)
    // Created before the socket is open: the gateway's first message may arrive together with its answer to
    // the upgrade.
    const player = new Player(ws)
    await once(ws, 'open')
    return player
  }

  /** Sends a request; resolves with its reply's body, rejects with a ReplyError. */
  request(route: string, body?: Body): Promise<Body> {
    const id = ++this.#lastId
    this.ws.send(JSON.stringify(body === undefined ? [id, route] : [id, route, body]))
    const reply = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    // A test may await the reply late, so an early rejection must not count as unhandled.
    reply.catch(() => {})
    return reply
  }

  notify(route: string, body?: Body): void {
    this.ws.send(JSON.stringify([0, route, body]))
  }

  /** Sends all that `send` sends in one write, so that the gateway reads it in one piece. */
  atOnce<Result>(send: () => Result): Result {
    const { _socket: socket } = this.ws as unknown as { _socket: Socket }
    socket.cork()
    const result = send()
    socket.uncork()
    return result
  }

  /** Terminates the connection at once, without a close frame. */
  leave(): void {
    this.ws.terminate()
  }

  #receive(frame: [number | string | null, Body, { error: string; message: string }?]): void {
    const [id, body, error] = frame
    if (typeof id === 'string') {
      this.events.push([id, body])
      return
    }
    const waiting = id === null ? undefined : this.#waiting.get(id)
    if (waiting === undefined) {
      this.strays.push(frame)
      return
    }
    this.#waiting.delete(id as number)
    if (error !== undefined) waiting.reject(new ReplyError(error))
    else waiting.resolve(body)
  }
}

/** Resolves with the error that a request is answered with. */
export function failureOf(reply: Promise<unknown>): Promise<ReplyError> {
  return reply.then(
    () => Promise.reject(new Error('It was not refused')),
    (error: ReplyError) => error
  )
}

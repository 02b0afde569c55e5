/**
 * The HTTP server of the internal port, for operators and their programs: health, metrics, the console.
 *
 * Starts before the workers and closes after them, so that it answers during both. The parts of the gateway
 * give it routes. Knows nothing of what they answer. Limits connections, their headers, their time and their
 * host names as the public port does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errors } from '../../shared/errors.js'
import type { Logger } from '../../shared/text/log.js'
import { Hosts } from '../addresses/hosts.js'
import { answerFailed, answerRefused } from '../http/http-answers.js'
import { explainListenError } from '../http/listen-errors.js'
import { TcpConnections } from '../http/tcp-connections.js'
import { Metrics } from '../telemetry/metrics.js'

/** Answers the requests for one path, or for all paths that begin with a prefix. */
export type InternalRoute = {
  /** HEAD requests go to the route for GET. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Writes the response. If it throws or rejects, the answer is 500, and the log has a line. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): void | Promise<void>
} & (
  | { /** The whole path. */ readonly path: string; readonly prefix?: undefined }
  | { readonly path?: undefined /** The start of the path, such as `/console/`. */; readonly prefix: string }
)

export interface InternalServerInit {
  readonly internalPort: number | 'auto' | 'off'
  readonly internalHost: string
  /** The public port, as the option says. */
  readonly port: number
  /** The port that `auto` takes. Default: 3011; a test passes its own. */
  readonly standardPort?: number
  /** Default: `standardTimeouts`; a test passes shorter ones. */
  readonly timeouts?: Timeouts
  readonly isProduction: boolean
  readonly log: Logger
  readonly monotonic: () => number
}

/** Milliseconds that a connection may take. */
export interface Timeouts {
  readonly headers: number
  /** For a whole request. */
  readonly request: number
  /** Between two requests. */
  readonly keepAlive: number
  /** Without any traffic, while a response is read. */
  readonly silence: number
  /** Between two checks of the first two. */
  readonly check: number
}

/** Number of ports that `auto` tries outside production. */
const portsToTry = 10

/** Connections at the same time, of which those that wait for a request are closed for others. */
const maxConnections = 128

/** Bytes of the headers of one request. */
const maxHeaderSize = 16_384

const standardTimeouts: Timeouts = {
  headers: 5_000,
  request: 30_000,
  keepAlive: 5_000,
  silence: 30_000,
  check: 1_000
}

export class InternalServer {
  readonly #init: InternalServerInit
  readonly #http: Server
  /** The metrics are about players, so that what these connections count goes nowhere. */
  readonly #metrics = new Metrics()
  readonly #tcpConnections: TcpConnections
  readonly #hosts: Hosts
  readonly #routes: InternalRoute[] = []
  readonly #closers: (() => void)[] = []
  #port: number | undefined

  constructor(init: InternalServerInit) {
    this.#init = init
    const { timeouts = standardTimeouts } = init
    this.#hosts = new Hosts('auto', init.internalHost)
    this.#http = createServer({
      maxHeaderSize,
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.keepAlive,
      connectionsCheckingInterval: timeouts.check
    })
    this.#http.timeout = timeouts.silence
    const { log, monotonic, isProduction } = init
    const metrics = this.#metrics
    const handshakeTimeout = timeouts.headers
    const limitName = 'the limit of the internal port'
    const limits = { maxConnections, limitName, handshakeTimeout, addresses: undefined }
    this.#tcpConnections = new TcpConnections({ ...limits, metrics, log, monotonic, isProduction })
    this.#http.on('connection', socket => this.#tcpConnections.accept(socket, false))
    this.#http.on('request', (request, response) => void this.#answer(request, response))
  }

  /** The URL, such as `http://127.0.0.1:3011`; undefined if it does not listen. */
  get url(): string | undefined {
    const { internalHost: host } = this.#init
    return this.#port === undefined
      ? undefined
      : `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`
  }

  /** Adds routes. Of several that fit a request, the first one answers it. */
  add(routes: readonly InternalRoute[]): void {
    this.#routes.push(...routes)
  }

  /**
   * Listens, unless the option says `off`.
   *
   * @throws `LISTEN_FAILED`, with the address and the reason; `CLOSING` if closed meanwhile
   */
  async listen(): Promise<void> {
    const { internalPort, internalHost, port, standardPort = 3011, log, isProduction } = this.#init
    if (internalPort === 'off') return
    const isStandard = internalPort === 'auto' && port !== 0
    // The public port is opened later.
    const isPublic = (tried: number) => isStandard && tried === port
    const standard = isPublic(standardPort) ? standardPort + 1 : standardPort
    const first = isStandard ? standard : internalPort === 'auto' ? 0 : internalPort
    const last = isStandard && !isProduction ? first + portsToTry - 1 : first
    for (let tried = first; ; tried++) {
      if (isPublic(tried)) continue
      const error = await this.#listenOn(tried)
      if (error === undefined) {
        if (tried !== first)
          log.info('The internal port is another one, because the usual one is taken', {
            usual: first,
            port: tried
          })
        return
      }
      if (error.code === 'EADDRINUSE' && tried < last) continue
      const why = explainListenError(error, { port: '--internal-port', host: '--internal-host' })
      throw errors.listenFailed(
        `Can't listen on ${internalHost}:${tried} for health and metrics: ${why}; --internal-port off does without`
      )
    }
  }

  /** Calls `close` when the server closes. */
  onClose(close: () => void): void {
    this.#closers.push(close)
  }

  /** Stops listening, and cuts all connections. */
  close(): void {
    for (const close of this.#closers.splice(0)) close()
    this.#port = undefined
    this.#tcpConnections.terminate()
    this.#http.close()
    this.#http.closeAllConnections()
  }

  /** Returns why it can't listen on a port; undefined if it listens. */
  #listenOn(port: number): Promise<NodeJS.ErrnoException | undefined> {
    const http = this.#http
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => resolve(error)
      const closed = () => reject(errors.closing())
      http.once('error', failed)
      http.once('close', closed)
      http.listen({ port, host: this.#init.internalHost, exclusive: true }, () => {
        http.off('error', failed)
        http.off('close', closed)
        http.on('error', error => this.#tcpConnections.acceptFailed(error))
        this.#port = (http.address() as AddressInfo).port
        this.#tcpConnections.start()
        resolve(undefined)
      })
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket, method, headers } = request
    this.#tcpConnections.asked(socket)
    response.once('close', () => this.#tcpConnections.answered(socket))
    response.setHeader('cache-control', 'no-store')
    response.setHeader('x-content-type-options', 'nosniff')
    const refusal = this.#tcpConnections.refusalOf(socket)
    if (refusal !== undefined) return answerRefused(response, refusal, this.#metrics)
    // Stops DNS rebinding: see addresses/hosts.ts.
    if (!this.#hosts.serves(headers.host))
      return answerText(response, 421, 'Ask for the internal port by its address, such as 127.0.0.1.')
    const url = parseUrl(request.url ?? '')
    if (url === undefined) return answerText(response, 400, 'The address of the request is malformed.')
    const fitting = this.#routes.filter(({ path, prefix }) =>
      path === undefined ? url.pathname.startsWith(prefix) : url.pathname === path
    )
    const route = fitting.find(each => each.method === (method === 'HEAD' ? 'GET' : method))
    if (fitting.length === 0) return answerText(response, 404, this.#describeRoutes())
    if (route === undefined) {
      response.setHeader('allow', [...new Set(fitting.map(each => each.method))].join(', '))
      return answerText(response, 405, `This address takes no ${method} requests.`)
    }
    try {
      await route.handle(request, response, url)
    } catch (error) {
      this.#init.log.error('A request of the internal port failed', { method, path: url.pathname, error })
      answerFailed(response)
    }
  }

  #describeRoutes(): string {
    const addresses = this.#routes.map(({ path, prefix }) => path ?? prefix)
    return `There is nothing here. There is ${[...new Set(addresses)].sort().join(', ')}`
  }
}

/** Answers with a text of one or more lines. */
export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text)
  })
  response.end(text)
}

function parseUrl(text: string): URL | undefined {
  const base = 'http://internal'
  return URL.canParse(text, base) ? new URL(text, base) : undefined
}

/** A connection as its protocol sees it, without a socket: it keeps what the protocol asks of it. */

import type {
  IncomingRequest,
  Protocol,
  ProtocolHost,
  ProtocolSession
} from '../../gateway/protocols/protocol.js'
import type { HandshakeRefusal } from '../../gateway/sessions/authentication.js'
import type { CloseCode } from '../../shared/close-codes.js'

export class FakeProtocolHost implements ProtocolHost {
  readonly address = { ip: '192.0.2.7', port: 4321 }
  isConnected = true
  /** What was called, in order, with the payload of each frame. */
  readonly calls: string[] = []
  readonly requests: IncomingRequest[] = []
  /** The client's next frames that are no requests which are let through; all by default. */
  allowedFrames = Number.POSITIVE_INFINITY
  /** Why no session can begin. */
  refusal: HandshakeRefusal | undefined
  /** Answers the question of who the client is; undefined if the client is let in. */
  authenticated: (refusal?: HandshakeRefusal) => void = () => {}
  /** Whether the session takes time to be settled, as in a cluster: until a test calls `settled`. */
  isSettling = false
  settled: (refusal?: HandshakeRefusal) => void = () => {}
  #protocol: Protocol | undefined

  readonly connectionSession: ProtocolSession = {
    keepsSessions: false,
    authenticate: (_handshake, done) => {
      this.authenticated = done
    },
    settle: (_asked, _messages, done) => {
      this.settled = refusal => done(refusal, undefined)
      if (!this.isSettling) this.settled(this.refusal)
    },
    acknowledge: count => count
  }

  /** Connects a protocol, and starts it. */
  start(protocol: Protocol): void {
    this.#protocol = protocol
    protocol.start()
  }

  sendFrame(frame: string): void {
    this.calls.push(`send ${payloadOf(frame)}`)
  }

  receive(bytes: Buffer): void {
    this.#protocol!.receive(bytes)
  }

  countFrame(): boolean {
    return this.allowedFrames-- > 0
  }

  request(request: IncomingRequest): void {
    this.requests.push(request)
  }

  close(code: CloseCode, reason: string): void {
    this.isConnected = false
    this.calls.push(`close ${code} ${reason}`)
  }

  fail(error: unknown): void {
    this.isConnected = false
    this.calls.push(`fail ${(error as Error).message}`)
  }

  ping(): void {
    this.calls.push('ping')
  }

  open(user?: unknown): void {
    this.calls.push(user === undefined ? 'open' : `open ${JSON.stringify(user)}`)
  }

  pause(): void {
    this.calls.push('pause')
  }

  resume(): void {
    this.calls.push('resume')
  }

  cork(): void {
    this.calls.push('cork')
  }

  uncork(): void {
    this.calls.push('uncork')
  }
}

/** Returns the payload of a server's frame: it has a header of 2, 4 or 10 bytes, and no mask. */
export function payloadOf(frame: string): string {
  const length = frame.charCodeAt(1)
  return frame.slice(length === 126 ? 4 : length === 127 ? 10 : 2)
}

/** The receiver of a session: its client, as the session sees it. */
import type { ErrorData } from '../../shared/errors.js'
import type { GatewayEvent } from '../events/event.js'
import type { ClientAddress } from '../options/options.js'

/** What waits for a session's client. */
export interface ReceiverState {
  /** Bytes of its send buffer; null: it is not connected. */
  readonly sendBytes: number | null
  /** null: the session can't be resumed. */
  readonly backlog: { readonly bytes: number; readonly messages: number } | null
  /** Milliseconds of the last ping to the client and back; null: not known. */
  readonly roundTrip: number | null
}

/** Takes what the gateway sends to a session's client. */
export interface Receiver {
  /** The client's address: the present one, or the last one. */
  readonly address: ClientAddress
  /** Whether the client is connected at the moment. If not, what is sent is kept for it. */
  readonly isConnected: boolean
  /** Whether the client reads bodies in superjson's form. */
  readonly readsRich: boolean
  /**
   * Returns what waits for the client. `isWatched`: somebody looks at this session, so that the client is
   * pinged too, to measure its round trip for the next call.
   */
  inspect(isWatched: boolean): ReceiverState
  reply(id: number, body: string, isMoreNear: boolean): void
  error(id: number, error: ErrorData): void
  /** Sends or keeps an event. Returns false if it is dropped. */
  event(event: GatewayEvent): boolean
  /** Called when the session has ended; nothing is sent after it. `kickReason` is told to the client. */
  end(code: number, kickReason: string | null): void
  pause(): void
  resume(): void
}

/** What a conversation reports: its changes of state, and the messages of the gateway. */
import type { MessageHeader } from '../../shared/wire/message.js'
import type { Failure, StateChange } from '../base/state.js'

export interface ConversationListener {
  changed(change: StateChange): void
  /** Called for each attempt that failed, and when a connection was lost. */
  failed(failure: Failure): void
  message(header: MessageHeader, bytes: Uint8Array, end: number): void
  /**
   * Called when the session is lost, and with it the messages in the outbox; the outbox is emptied after the
   * call.
   */
  sessionLost(): void
  /** Returns the id of the last request. */
  lastId(): number
}

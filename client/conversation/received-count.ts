/**
 * The number of messages that a client has received, and when to report it to the gateway.
 * After a report the gateway drops the messages that it kept to send them again. A count belongs to one
 * session; a new session begins with a new count. Owned by the Conversation, which sends the reports.
 */

/**
 * Messages after which a report is due. Sent messages are included: the gateway answers a report with its own
 * count, by which the client then empties its outbox.
 */
const messagesPerReport = 64
/** Bytes of such messages after which a report is due. */
const bytesPerReport = 65_536

export class ReceivedCount {
  /** Counted messages received so far. */
  value: number
  #messages = 0
  #bytes = 0

  /** `value`: the messages that were received before, by another client of the same session. */
  constructor(value = 0) {
    this.value = value
  }

  /** Whether enough has happened since the last report. */
  get isDue(): boolean {
    return this.#messages >= messagesPerReport || this.#bytes >= bytesPerReport
  }

  /** Counts a received message. */
  received(bytes: number): void {
    this.value++
    this.sent(bytes)
  }

  /** Notes that a message of so many bytes was sent, or received. */
  sent(bytes: number): void {
    this.#messages++
    this.#bytes += bytes
  }

  /** Returns the count for a report. The next report is due after as many messages or bytes again. */
  report(): number {
    this.#messages = 0
    this.#bytes = 0
    return this.value
  }
}

/**
 * A bus between gateways, as the cluster sees it: messages by subject, and logs that all gateways append to.
 * Implementations: NatsBus for real clusters, and LocalBus within one process for tests. The tests of the bus
 * say the same sentences of both.
 */

/** An entry of a log. */
export interface Entry {
  /**
   * The entry's number. Numbers of one log rise in the order in which entries were acknowledged, and begin
   * with 1.
   */
  readonly number: number
  readonly bytes: Buffer
}

/** How a log is made; the first gateway that needs it makes it. */
export interface LogInit {
  readonly name: string
  /** Milliseconds after which an entry is removed by itself; 0: never. Else at least 100. */
  readonly maxAge: number
}

/** Receives a message. `reply`: the subject of the answer, if the sender has asked for one. */
export type BusListener = (bytes: Buffer, reply: string | undefined) => void

export interface Bus {
  /** Whether the bus is connected. Changes are told once, in order. */
  readonly isUp: boolean
  /** Bytes that one message or entry may have. A longer one is not sent, and the log has an error. */
  readonly maxBytes: number
  /**
   * Sends bytes to all subscribers of the subject in other gateways, not to the own. Never throws, and keeps
   * nothing while the bus is down. The bytes must not change afterwards: the bus may send them later in this
   * turn of the event loop.
   */
  publish(subject: string, bytes: Uint8Array): void
  /**
   * Calls `listener` for each message of another gateway. `subject` may end with `.*`. A listener that throws
   * is logged, and does no harm. The bytes may be a part of something larger: who keeps them, copies them.
   */
  subscribe(subject: string, listener: BusListener): Subscription
  /** Asks the subscribers of a subject. undefined: no answer within `ms`, or nobody is there. */
  ask(subject: string, bytes: Uint8Array, ms: number): Promise<Buffer | undefined>
  /**
   * Makes a log if there is none, and again if it is lost later. Rejects if the bus can't keep logs, or has
   * the log with another age.
   */
  makeLog(log: LogInit): Promise<void>
  /** Returns when a log was made, by the bus' clock, in milliseconds since 1970; undefined: no answer. */
  madeAt(log: string): Promise<number | undefined>
  /**
   * Appends an entry. Resolves to its number; undefined: no answer, so that the entry may be there or not.
   *
   * @param key any text
   */
  append(log: string, key: string, bytes: Uint8Array): Promise<number | undefined>
  /**
   * Returns the first entry of a key, from the number `from` on, as the log's leader knows it. null: there is
   * none; undefined: no answer.
   */
  first(log: string, key: string, from?: number): Promise<Entry | null | undefined>
  /** Removes an entry, if it is there. Resolves to whether the bus has answered. */
  remove(log: string, number: number): Promise<boolean>
  onState(listener: (isUp: boolean) => void): void
  /** Resolves when the bus has had all that was published and subscribed before, or is down. */
  flush(): Promise<void>
  /** Ends all subscriptions. What waits for an answer gets none. Afterwards the bus is down for good. */
  close(): Promise<void>
}

export interface Subscription {
  end(): void
}

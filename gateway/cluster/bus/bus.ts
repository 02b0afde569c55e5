/**
 * A bus between gateways, as the cluster sees it: messages by subject, and logs that all gateways append to.
 * Implementations: NatsBus for real clusters, and LocalBus within one process for tests.
 */

/** An entry of a log. */
export interface Entry {
  /** The entry's number; numbers rise in the order in which entries were acknowledged. */
  readonly number: number
  readonly bytes: Buffer
}

/** How a log is made; the first gateway that needs it makes it. */
export interface LogInit {
  readonly name: string
  /** Milliseconds after which an entry is removed by itself; 0: never. */
  readonly maxAge: number
}

export interface Bus {
  /** Whether the bus is connected. Changes are told once, in order. */
  readonly isUp: boolean
  /** Sends bytes to all subscribers of the subject. Never throws, and keeps nothing while the bus is down. */
  publish(subject: string, bytes: Uint8Array): void
  /**
   * Calls `listener` for each message. `subject` may end with `.*`. A listener that throws is logged, and
   * does no harm. `reply` is the subject of an answer, if the sender asked for one.
   */
  subscribe(subject: string, listener: (bytes: Buffer, reply: string | undefined) => void): Subscription
  /** Asks the subscribers of a subject. undefined: no answer within `ms`, or nobody is there. */
  ask(subject: string, bytes: Uint8Array, ms: number): Promise<Buffer | undefined>
  /** Makes a log if there is none. Rejects if the bus can't keep logs. */
  makeLog(log: LogInit): Promise<void>
  /** Returns when a log was made, by the bus' clock, in milliseconds since 1970; undefined: no answer. */
  madeAt(log: string): Promise<number | undefined>
  /**
   * Appends an entry. Resolves to its number; undefined: no answer, so that the entry may be there or not.
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
  close(): Promise<void>
}

export interface Subscription {
  end(): void
}

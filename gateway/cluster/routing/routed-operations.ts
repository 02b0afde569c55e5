/**
 * Reads the operations on sessions of one source, and has each applied where its session is: here, by the
 * readers that a gateway alone has, or in another gateway.
 */
import type { ErrorData } from '../../../shared/errors.js'
import type { OperationHead, OperationReader, UserOperationHead } from '../../../shared/link/outbox.js'
import type { FanOut } from './fan-out.js'
import { gathers } from './gathering.js'
import { type RelayDetails, type Relaying, unanswered } from './relaying.js'
import type { Whereabouts } from './whereabouts.js'

export interface RoutedOperationsInit {
  readonly local: OperationReader
  readonly whereabouts: Whereabouts
  readonly relaying: Relaying
  readonly fanOut: FanOut<OperationReader>
}

export class RoutedOperations implements OperationReader {
  readonly #local: OperationReader
  readonly #whereIs: Whereabouts
  readonly #relaying: Relaying
  readonly #fanOut: FanOut<OperationReader>

  constructor({ local, whereabouts, relaying, fanOut }: RoutedOperationsInit) {
    this.#local = local
    this.#whereIs = whereabouts
    this.#relaying = relaying
    this.#fanOut = fanOut
  }

  push(head: OperationHead, key: string, text: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.push(head, key, text)
    this.#relay('push', head, to, (reader, own) => reader.push(own, key, text), {
      about: key,
      characters: text.length
    })
  }

  pushAll(head: OperationHead, settings: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.pushAll(head, settings)
    this.#relay('pushAll', head, to, (reader, own) => reader.pushAll(own, settings), {
      characters: settings.length
    })
  }

  bind(head: OperationHead, uid: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.bind(head, uid)
    if (to !== 'leaving') this.#fanOut.expect(to, 'user', uid)
    this.#relay('bind', head, to, (reader, own) => reader.bind(own, uid), { about: uid })
  }

  unbind(head: OperationHead, uid: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.unbind(head, uid)
    this.#relay('unbind', head, to, (reader, own) => reader.unbind(own, uid), { about: uid })
  }

  update(head: OperationHead, key: string, text: string, before: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.update(head, key, text, before)
    this.#relay('update', head, to, (reader, own) => reader.update(own, key, text, before), {
      about: key,
      characters: text.length + before.length
    })
  }

  commit(head: OperationHead, settings: string, version: number): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.commit(head, settings, version)
    this.#relay('commit', head, to, (reader, own) => reader.commit(own, settings, version), {
      characters: settings.length
    })
  }

  setResumeWindow(head: OperationHead, ms: number): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.setResumeWindow(head, ms)
    this.#relay('setResumeWindow', head, to, (reader, own) => reader.setResumeWindow(own, ms))
  }

  read(head: OperationHead): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.read(head)
    this.#relay('read', head, to, (reader, own) => reader.read(own))
  }

  kick(head: OperationHead, reason: string | null): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.kick(head, reason)
    const write: WriteOperation = (reader, own) => reader.kick(own, reason)
    if (to !== 'leaving') return this.#relay('kick', head, to, write)
    // One that is on its way is to end, wherever it is decided to be; and is gone there before the answer.
    if (this.#relayLater('kick', head, write, { isBegun: true })) this.#local.kick(unanswered(head), reason)
  }

  /** Sends an operation to its session's gateway, once it is decided which one that is. */
  #relay(
    name: string,
    head: OperationHead,
    to: Exclude<ReturnType<Whereabouts>, undefined>,
    write: WriteOperation,
    details?: RelayDetails
  ): void {
    if (to === 'leaving') this.#relayLater(name, head, write, details)
    else this.#relaying.relay(name, head, to, write, details)
  }

  /** Returns false if the operation was refused, since there is no room for it. */
  #relayLater(name: string, head: OperationHead, write: WriteOperation, details?: RelayDetails): boolean {
    const run = (own: OperationHead, waited: number) => {
      const now = this.#whereIs(own)
      if (now === undefined) write(this.#local, own)
      else this.#relay(name, own, now, write, { ...details, waited })
    }
    return this.#relaying.wait(name, head, run, details)
  }

  readByUid(head: UserOperationHead, uid: string): void {
    const peers = this.#fanOut.peersToAsk(head, 'user', uid)
    if (peers === undefined) return this.#local.readByUid(head, uid)
    this.#fanOut.run(
      'readByUid',
      head,
      peers,
      gathers.sessions,
      (reader, own) => reader.readByUid(own, uid),
      { about: uid }
    )
  }

  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void {
    // Who waits for the answer is to know that no other gateway has them, as with a read.
    const find = head.ack === 0 ? 'peersFor' : 'peersToAsk'
    const peers = this.#fanOut[find](head, 'user', uid)
    if (peers === undefined) return this.#local.kickByUid(head, uid, reason)
    this.#fanOut.run(
      'kickByUid',
      head,
      peers,
      gathers.nothing,
      (reader, own) => reader.kickByUid(own, uid, reason),
      { about: uid }
    )
  }

  refused(rid: number, route: string, operation: string, about: string, error: ErrorData): void {
    this.#local.refused(rid, route, operation, about, error)
  }
}

type WriteOperation = (reader: OperationReader, head: OperationHead) => void

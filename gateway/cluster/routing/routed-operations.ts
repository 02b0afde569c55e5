/**
 * Reads the operations on sessions of one source, and has each applied where its session is: here, by the
 * readers that a gateway alone has, or in another gateway.
 */
import type { ErrorData } from '../../../shared/errors.js'
import type { OperationHead, OperationReader, UserOperationHead } from '../../../shared/link/outbox.js'
import type { FanOut } from './fan-out.js'
import { gathers } from './gathering.js'
import type { Relaying } from './relaying.js'
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
    this.#relaying.relay('push', head, to, (outbox, own) => outbox.push(own, key, text), {
      about: key,
      characters: text.length
    })
  }

  pushAll(head: OperationHead, settings: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.pushAll(head, settings)
    this.#relaying.relay('pushAll', head, to, (outbox, own) => outbox.pushAll(own, settings), {
      characters: settings.length
    })
  }

  bind(head: OperationHead, uid: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.bind(head, uid)
    this.#fanOut.expect(to, 'user', uid)
    this.#relaying.relay('bind', head, to, (outbox, own) => outbox.bind(own, uid), { about: uid })
  }

  unbind(head: OperationHead, uid: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.unbind(head, uid)
    this.#relaying.relay('unbind', head, to, (outbox, own) => outbox.unbind(own, uid), { about: uid })
  }

  update(head: OperationHead, key: string, text: string, before: string): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.update(head, key, text, before)
    this.#relaying.relay('update', head, to, (outbox, own) => outbox.update(own, key, text, before), {
      about: key,
      characters: text.length + before.length
    })
  }

  commit(head: OperationHead, settings: string, version: number): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.commit(head, settings, version)
    this.#relaying.relay('commit', head, to, (outbox, own) => outbox.commit(own, settings, version), {
      characters: settings.length
    })
  }

  setResumeWindow(head: OperationHead, ms: number): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.setResumeWindow(head, ms)
    this.#relaying.relay('setResumeWindow', head, to, (outbox, own) => outbox.setResumeWindow(own, ms))
  }

  read(head: OperationHead): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.read(head)
    this.#relaying.relay('read', head, to, (outbox, own) => outbox.read(own))
  }

  kick(head: OperationHead, reason: string | null): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local.kick(head, reason)
    this.#relaying.relay('kick', head, to, (outbox, own) => outbox.kick(own, reason))
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
    const peers = this.#fanOut.peersFor(head, 'user', uid)
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

/**
 * Applies the operations of one other gateway to the sessions here, and answers them over the same link. One
 * instance for each link.
 */
import { errors } from '../../../shared/errors.js'
import { refuseOutcomes } from '../../../shared/link/outbox.js'
import { UnreadableError } from '../../../shared/link/outbox-fields.js'
import { OutboxReader } from '../../../shared/link/outbox-reader.js'
import { type AnswerReader, OperationAcks } from '../../operations/operation-acks.js'
import type { OperationTargets, WorkerOperations } from '../../operations/worker-operations.js'
import type { Interest } from '../interest/interest.js'
import type { Item, Link } from '../link/links.js'
import { RemoteViews } from './remote-views.js'

/** Creates the readers of a source, which may send some operations on. */
export type CreateReaders = (acks: OperationAcks, inbox: AnswerReader) => WorkerOperations

export interface ServedLinkInit {
  readonly link: Link
  readonly targets: OperationTargets
  readonly interest: Interest
  /** Milliseconds that an operation may take (`clusterTimeout`). */
  readonly timeout: number
  readonly createReaders: CreateReaders
  /** Is told when operations of this gateway are applied. */
  readonly source?: { enter(): void; leave(): void } | undefined
}

export class ServedLink {
  readonly #init: ServedLinkInit
  readonly #acks: OperationAcks
  readonly #reader: OutboxReader
  /** Milliseconds since the frame was written that is being read. */
  #age = 0

  constructor(init: ServedLinkInit) {
    const { link, targets, interest, timeout, createReaders } = init
    const { metrics, log, store } = targets
    this.#init = init
    const views = new RemoteViews()
    const inbox: AnswerReader = {
      acked: (ack, value) => {
        if (!link.isOpen) return
        link.inbox.acked(ack, value)
        if (value !== '') link.flushSoon(value.length)
      },
      refused: (ack, error, value) => {
        if (!link.isOpen) return
        link.inbox.refused(ack, error, value)
        link.flushSoon(value.length)
      }
    }
    // The route of a change, for whoever looks at the session.
    const names = { route: `(gateway ${link.frontendId})`, gateway: link.frontendId }
    this.#acks = new OperationAcks({
      frontendId: undefined,
      source: { serial: 0, endedRoute: () => undefined, namesOf: () => names },
      inbox,
      sendSoon: () => link.flushSoon(),
      names: interest,
      store,
      viewIdOf: viewId => views.numberOf(viewId),
      judge: (name, { ack }) => {
        metrics.count('served')
        // Its asker has been told that it has failed, or soon will be.
        if (ack === 0 || this.#age <= timeout) return undefined
        return errors.clusterUnavailable(name, `it came ${Math.round(this.#age)} ms late`)
      },
      metrics,
      log
    })
    const { sessions, events } = createReaders(this.#acks, inbox)
    this.#reader = new OutboxReader(noOutcomes, sessions, events)
  }

  /**
   * Applies the operations of a frame. One that throws fails alone.
   *
   * @param age milliseconds since the frame was written
   * @throws UnreadableError
   */
  read(items: readonly Item[], age: number): void {
    this.#age = age
    const { source } = this.#init
    this.#reader.begin(items)
    source?.enter()
    try {
      while (!this.#readSome());
    } finally {
      source?.leave()
    }
    // Has the answers sent, which were not counted each.
    this.#init.link.flushSoon()
  }

  /** Returns whether all is read. */
  #readSome(): boolean {
    try {
      return this.#reader.read(Number.POSITIVE_INFINITY)
    } catch (error) {
      if (error instanceof UnreadableError) throw error
      this.#acks.fail(this.#reader.item, this.#reader.head, error)
      return false
    }
  }
}

const noOutcomes = refuseOutcomes(() => {
  throw new UnreadableError('an outbox of another gateway with an item that only workers write')
})

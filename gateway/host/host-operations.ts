/**
 * Operations of the host that are answered by promises. They run by the same code as those of handlers, and
 * so concern the sessions of all gateways if there is a cluster.
 */
import { allGateways } from '../../shared/address.js'
import { type ErrorData, GatewayError } from '../../shared/errors.js'
import type { EventReader, UserOperationHead } from '../../shared/link/outbox.js'
import {
  createWorkerOperations,
  type OperationTargets,
  type WorkerOperations
} from '../operations/worker-operations.js'

/** An operation that waits for its answer. */
interface Waiting {
  readonly resolve: (value: string) => void
  readonly reject: (error: Error) => void
}

/** The head of an operation that wants no answer, for all gateways. */
export const toAll: UserOperationHead = { rid: 0, ack: 0, frontendId: allGateways }

export class HostOperations {
  readonly #targets: OperationTargets
  readonly #waiting = new Map<number, Waiting>()
  #lastAck = 0
  #readers: WorkerOperations | undefined
  #others: EventReader | undefined

  constructor(targets: OperationTargets) {
    this.#targets = targets
  }

  /** Whether there is a cluster. */
  get isClustered(): boolean {
    return this.#targets.routing !== undefined
  }

  /** The reader of what is for the sessions of the other gateways only; undefined without a cluster. */
  get others(): EventReader | undefined {
    this.#others ??= this.#targets.routing?.createForOthers(source)
    return this.#others
  }

  /** Runs an operation with the given number of its ack, and resolves to its answer. */
  call(write: (readers: WorkerOperations, ack: number) => void): Promise<string> {
    // Made now, since the cluster is made later than this object.
    this.#readers ??= this.#create()
    const readers = this.#readers
    return new Promise((resolve, reject) => {
      const ack = ++this.#lastAck
      this.#waiting.set(ack, { resolve, reject })
      try {
        write(readers, ack)
      } catch (error) {
        this.#waiting.delete(ack)
        throw error
      }
    })
  }

  /** Runs an operation on users or channels of all gateways, and resolves to its answer. */
  callAll(write: (events: EventReader, head: UserOperationHead) => void): Promise<string> {
    return this.call(({ events }, ack) => write(events, { rid: 0, ack, frontendId: allGateways }))
  }

  #create(): WorkerOperations {
    const answers = {
      acked: (ack: number, value: string) => this.#take(ack)?.resolve(value),
      refused: (ack: number, error: ErrorData) => this.#take(ack)?.reject(new GatewayError(error))
    }
    return createWorkerOperations(source, answers, () => {}, this.#targets)
  }

  #take(ack: number): Waiting | undefined {
    const waiting = this.#waiting.get(ack)
    this.#waiting.delete(ack)
    return waiting
  }
}

/** The host as a source of operations. It makes no views, so that it needs no number of its own. */
const source = { serial: 0, endedRoute: () => undefined, namesOf: () => ({}) }

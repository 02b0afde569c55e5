/**
 * Validates and applies the messages of one worker. Isolates the gateway's process: a message can do no harm
 * there, whatever its content, even if it throws while it is applied. Messages are applied in order. A large
 * message is applied in slices, so that other workers and clients get their turn; later messages wait behind
 * it.
 */

import { figureNames, type ThreadFigures } from '../../shared/figures/thread-figures.js'
import type {
  FiguresReport,
  Hello,
  InspectorReport,
  LoadingNote,
  LoadingStep,
  RouteHello
} from '../../shared/link/hello.js'
import type { EventReader, OperationReader, OutcomeReader } from '../../shared/link/outbox.js'
import { UnreadableError } from '../../shared/link/outbox-fields.js'
import { OutboxReader } from '../../shared/link/outbox-reader.js'
import { showValue } from '../../shared/text/shown.js'
import { messageOf } from '../../shared/text/thrown.js'

/** Milliseconds that one slice may take. */
const sliceTime = 5

/** Characters that are kept of a step that a worker names. */
const maxStep = 256

export interface WorkerMessagesInit {
  readonly outcomes: OutcomeReader
  readonly operations: OperationReader
  readonly events: EventReader
  readonly onHello: (hello: Hello) => void
  readonly onStep: (what: string) => void
  readonly onInspector: (report: InspectorReport) => void
  readonly onFigures: (figures: ThreadFigures) => void
  /** Called after a message, or a slice of a large message, was applied. */
  readonly onApplied: () => void
  /** Called when an item threw while it was applied. The reader says which item. */
  readonly onFailure: (error: unknown, reader: OutboxReader) => void
  /** Called when something can't be read or makes no sense. Later messages are not applied. */
  readonly onUnreadable: (what: string) => void
}

export class WorkerMessages {
  readonly #init: WorkerMessagesInit
  readonly #reader: OutboxReader
  /** Whether a message is being applied, so that others wait. */
  #isBusy = false
  readonly #waiting: unknown[] = []
  #isRefused = false
  #onEnd: (() => void) | undefined

  constructor(init: WorkerMessagesInit) {
    this.#init = init
    this.#reader = new OutboxReader(init.outcomes, init.operations, init.events)
  }

  /** Whether something that arrived is not applied yet. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Receives any message, valid or not. */
  receive(message: unknown): void {
    if (this.#isRefused) return
    if (this.#isBusy) this.#waiting.push(message)
    else this.#goOn(this.#begin(message))
  }

  /** Refuses something that is no valid message, and ignores all later messages. */
  refuse(what: string): void {
    if (this.#isRefused) return
    this.#isRefused = true
    this.#waiting.length = 0
    this.#init.onUnreadable(what)
  }

  /** Calls `onEnd` once all received messages are applied. To be called when no more can arrive. */
  end(onEnd: () => void): void {
    if (!this.#isBusy) return onEnd()
    this.#onEnd = onEnd
  }

  /** Begins to apply a message. Returns whether it is applied completely. */
  #begin(message: unknown): boolean {
    this.#isBusy = true
    if (Array.isArray(message)) {
      this.#reader.begin(message)
      return this.#applySlice()
    }
    if (isHello(message)) this.#passHello(message)
    else if (isInspectorReport(message)) this.#init.onInspector(message)
    else if (isStep(message)) this.#init.onStep(message.what.slice(0, maxStep))
    else if (isFigures(message)) this.#init.onFigures(message.figures)
    else this.refuse(showValue(message))
    return true
  }

  /**
   * Passes on a hello. If that throws, because a game has forged the hello, the message counts as unreadable.
   */
  #passHello(hello: Hello): void {
    try {
      this.#init.onHello(hello)
    } catch (error) {
      this.refuse(`a hello that can't be taken: ${messageOf(error)}`)
    }
  }

  /** Applies waiting messages, for one slice at most. The rest follows in the event loop's next iteration. */
  #goOn(wasDone: boolean): void {
    let isDone = wasDone
    if (isDone && this.#waiting.length > 0) {
      const startedAt = performance.now()
      while (isDone && this.#waiting.length > 0 && performance.now() - startedAt < sliceTime)
        isDone = this.#begin(this.#waiting.shift())
    }
    if (!isDone || this.#waiting.length > 0) {
      setImmediate(() => this.#goOn(isDone || this.#applySlice()))
      return
    }
    this.#isBusy = false
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.()
  }

  #applySlice(): boolean {
    const isDone = this.#readSlice()
    if (!this.#isRefused) this.#init.onApplied()
    return isDone
  }

  /**
   * Applies items for one slice, and continues after an item that throws. Returns whether nothing is left.
   */
  #readSlice(): boolean {
    const end = performance.now() + sliceTime
    while (!this.#isRefused) {
      try {
        return this.#reader.read(sliceTime)
      } catch (error) {
        this.#fail(error)
        if (performance.now() >= end) return this.#isRefused
      }
    }
    return true
  }

  /** Handles what an item has thrown. If that throws, too, the item makes no sense. */
  #fail(error: unknown): void {
    try {
      if (error instanceof UnreadableError) throw error
      this.#init.onFailure(error, this.#reader)
    } catch (unreadable) {
      this.refuse(messageOf(unreadable))
    }
  }
}

function isHello(message: unknown): message is Hello {
  if (typeof message !== 'object' || message === null) return false
  const { kind, message: why, routes, hooks, stops, notes } = message as Record<string, unknown>
  if (kind === 'failed') return typeof why === 'string'
  const isWhole = areRoutes(routes) && areRoutes(hooks) && typeof stops === 'boolean' && areNotes(notes)
  return kind === 'hello' && isWhole
}

function isInspectorReport(message: unknown): message is InspectorReport {
  if (typeof message !== 'object' || message === null) return false
  const { kind, at } = message as Record<string, unknown>
  return kind === 'inspector' && (at === null || typeof at === 'string')
}

function isStep(message: unknown): message is LoadingStep {
  if (!isObject(message)) return false
  const { kind, what } = message as Record<string, unknown>
  return kind === 'step' && typeof what === 'string'
}

function isFigures(message: unknown): message is FiguresReport {
  if (!isObject(message)) return false
  const { kind, figures } = message as Record<string, unknown>
  if (kind !== 'figures' || !isObject(figures)) return false
  const values = figures as Record<string, unknown>
  return figureNames.every(name => Number.isFinite(values[name]) && (values[name] as number) >= 0)
}

function areRoutes(routes: unknown): routes is RouteHello[] {
  return Array.isArray(routes) && routes.every(isRoute)
}

function areNotes(notes: unknown): notes is LoadingNote[] {
  return Array.isArray(notes) && notes.every(isNote)
}

function isNote(note: unknown): boolean {
  if (!isObject(note)) return false
  const { level, message, fields } = note as Record<string, unknown>
  const isLevel = level === 'info' || level === 'warn'
  return isLevel && typeof message === 'string' && isObject(fields)
}

function isRoute(route: unknown): boolean {
  if (!isObject(route)) return false
  const { route: name, file, options, schemas } = route as Record<string, unknown>
  return (
    typeof name === 'string' &&
    typeof file === 'string' &&
    isObject(options) &&
    (schemas === undefined || isObject(schemas))
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

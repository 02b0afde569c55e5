/** The threads of a load: starts them, passes orders to them, and adds up what they report. */
import { Worker } from 'node:worker_threads'
import { errors } from '../../shared/errors.js'
import { addUp, createFigures, type Figures } from '../players/figures.js'
import type { LoadPlan, ThreadOrder, ThreadReport, ThreadSetup } from '../players/plan.js'

interface LoadThread {
  readonly worker: Worker
  figures: Figures
}

export class LoadThreads {
  readonly #threads: readonly LoadThread[]
  readonly #waiting = { ready: 0, ended: 0 }
  readonly #ready: Promise<void>
  readonly #ended: Promise<void>

  constructor(plan: LoadPlan) {
    const main = new URL('../players/thread.js', import.meta.url)
    this.#threads = Array.from({ length: plan.threads }, (_, thread) => ({
      worker: new Worker(main, { workerData: { plan, thread } satisfies ThreadSetup }),
      figures: createFigures()
    }))
    this.#waiting = { ready: plan.threads, ended: plan.threads }
    let fail = (_error: Error): void => {}
    const settle = { ready: () => {}, ended: () => {} }
    const wait = (name: 'ready' | 'ended') =>
      new Promise<void>((resolve, reject) => {
        settle[name] = resolve
        const failOthers = fail
        fail = error => {
          failOthers(error)
          reject(error)
        }
      })
    this.#ready = wait('ready')
    this.#ended = wait('ended')
    for (const thread of this.#threads) {
      thread.worker.on('error', error => fail(error))
      // None ends by itself: not even after its last report.
      thread.worker.on('exit', code =>
        fail(
          errors.optionInvalid(`A thread of the load has ended with code ${code}: the scenario has ended it`)
        )
      )
      thread.worker.on('message', (report: ThreadReport) => {
        if (report.kind === 'failed') return fail(errors.optionInvalid(report.message))
        thread.figures = report.figures
        if (report.kind === 'ready' && --this.#waiting.ready === 0) settle.ready()
        if (report.kind === 'ended' && --this.#waiting.ended === 0) settle.ended()
      })
    }
    // Whoever awaits them may be late.
    this.#ready.catch(() => {})
    this.#ended.catch(() => {})
  }

  /** Resolves when the sockets of all threads are connected, as far as they could be. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** Resolves when all threads have ended. */
  get ended(): Promise<void> {
    return this.#ended
  }

  order(order: ThreadOrder): void {
    for (const { worker } of this.#threads) worker.postMessage(order)
  }

  /** The figures of all threads so far. */
  figures(): Figures {
    return addUp(this.#threads.map(({ figures }) => figures))
  }
}

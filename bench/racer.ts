/** A contender's running server, in a process of its own, as works see it. */
import type { Contender } from './case.js'
import { Child } from './child.js'
import type { ServerAnswer, ServerQuestion } from './server.js'
import type { Usage } from './usage.js'

export interface RacerOptions {
  /** The folder for CPU profiles of its threads; undefined: none are made. */
  readonly profile?: string | undefined
  /** The folder with its compiled files, where that is not this bench's own. */
  readonly folder?: string | undefined
}

/** What a server found while it did what it was asked for. */
export interface Found<Result> {
  readonly result: Result
  readonly before: Usage
  readonly after: Usage
}

export class Racer {
  readonly contender: Contender
  /** Where it listens; 0: nowhere. */
  port = 0
  readonly #options: RacerOptions
  readonly #server: Child<ServerQuestion, ServerAnswer>

  private constructor(contender: Contender, options: RacerOptions) {
    const { profile, folder } = options
    this.contender = contender
    this.#options = options
    const nodeOptions = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
    this.#server = new Child(contender.file, contender.args, { nodeOptions, folder })
  }

  /** Resolves when it is up. */
  static async start(contender: Contender, options: RacerOptions = {}): Promise<Racer> {
    const racer = new Racer(contender, options)
    try {
      racer.port = (await racer.#server.next('up')).port
    } catch (error) {
      // It may have failed and still be there.
      await racer.#server.end()
      throw error
    }
    return racer
  }

  /** Another one of the same, in a fresh process, which whoever asked for it ends. */
  startAnew(): Promise<Racer> {
    return Racer.start(this.contender, this.#options)
  }

  /** Lets the server do one of its tasks. */
  async ask<Result>(task: string, asked?: unknown): Promise<Found<Result>> {
    const answer = this.#server.next('done')
    this.#server.say({ kind: 'task', task, asked })
    return (await answer) as Found<Result>
  }

  async usage(): Promise<Usage> {
    const answer = this.#server.next('usage')
    this.#server.say({ kind: 'usage' })
    return (await answer).usage
  }

  end(): Promise<void> {
    return this.#server.end({ kind: 'end' })
  }
}

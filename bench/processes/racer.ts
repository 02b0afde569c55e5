/**
 * A contender's running server, in a process of its own. The rounds start and end it; a work asks it for CPU
 * times and for tasks.
 */

import type { Usage } from '../readings/usage.js'
import type { ServerAnswer, ServerQuestion } from '../servers/server.js'
import { Child } from './child.js'

/** What is started: the compiled file of a server, and its arguments. */
export interface ServerProgram {
  /** Path below the folder of the compiled bench, without its extension. */
  readonly file: string
  readonly args?: readonly string[]
}

export interface RacerOptions {
  /** Folder for CPU profiles of its threads; undefined: none are recorded. */
  readonly profile?: string | undefined
  /** Folder of the compiled bench that has the file; undefined: this bench's own. */
  readonly folder?: string | undefined
}

/** A task's result, and the CPU time of the server before and after the task. */
export interface Found<Result> {
  readonly result: Result
  readonly before: Usage
  readonly after: Usage
}

export class Racer {
  /** The port that it listens on; 0: none. */
  port = 0
  readonly #program: ServerProgram
  readonly #options: RacerOptions
  readonly #server: Child<ServerQuestion, ServerAnswer>

  private constructor(program: ServerProgram, options: RacerOptions) {
    const { profile, folder } = options
    this.#program = program
    this.#options = options
    const nodeOptions = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
    this.#server = new Child(program.file, program.args, { nodeOptions, folder })
  }

  /** Starts the server; resolves when it is up. */
  static async start(program: ServerProgram, options: RacerOptions = {}): Promise<Racer> {
    const racer = new Racer(program, options)
    try {
      racer.port = (await racer.#server.next('up')).port
    } catch (error) {
      // The process may have reported a failure and still be running.
      await racer.#server.end()
      throw error
    }
    return racer
  }

  /** Starts the same server again, in a fresh process. The caller ends it. */
  startAnew(): Promise<Racer> {
    return Racer.start(this.#program, this.#options)
  }

  /** Has the server do one of its tasks, and returns the result with the CPU times before and after it. */
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

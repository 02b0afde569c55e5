/** The questions to one worker process that are not answered yet. */

/** An answer of a worker process, which is not checked. */
export interface WorkerAnswer {
  readonly id: unknown
  readonly answer: unknown
  readonly failure: unknown
}

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

export class Questions {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #end: Error | undefined

  /** Asks by `send`, with the number of the question. Rejects if the worker fails to answer, or ends. */
  ask(send: (id: number) => void): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      send(id)
    })
  }

  /** Takes an answer. Ignores one that nobody waits for: the game may have forged it. */
  answered({ id, answer, failure }: Partial<WorkerAnswer>): void {
    const waiting = this.#waiting.get(id as number)
    if (waiting === undefined) return
    this.#waiting.delete(id as number)
    if (typeof failure === 'string') waiting.reject(new Error(failure.slice(0, 200)))
    else waiting.resolve(answer)
  }

  /** Rejects all questions, and later ones: the worker has ended. */
  close(cause: Error): void {
    this.#end = cause
    for (const { reject } of this.#waiting.values()) reject(cause)
    this.#waiting.clear()
  }
}

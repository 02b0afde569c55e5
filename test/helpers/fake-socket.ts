/** A WebSocket and the socket below it, whose kernel takes what is written only when a test lets it. */
export class FakeSocket {
  readonly OPEN = 1
  readonly CLOSED = 3
  readyState: 0 | 1 | 2 | 3 = 1
  /** What the kernel has taken, write by write. */
  readonly taken: string[] = []
  isTaking = true
  #waiting: { chunk: string; done: (() => void) | undefined }[] = []

  get bufferedAmount(): number {
    return this.#waiting.reduce((bytes, { chunk }) => bytes + chunk.length, 0)
  }

  write(chunk: string | Uint8Array, second?: BufferEncoding | ((error?: Error | null) => void)): boolean {
    this.#waiting.push({
      chunk: String(chunk),
      done: typeof second === 'function' ? () => second() : undefined
    })
    if (this.isTaking) this.take()
    return true
  }

  /** The kernel takes all that was written. */
  take(): void {
    for (const { chunk, done } of this.#waiting.splice(0)) {
      if (chunk !== '') this.taken.push(chunk)
      if (done !== undefined) process.nextTick(done)
    }
  }
}

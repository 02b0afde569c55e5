/** A fake WebSocket and the socket below it. Its kernel accepts writes only when a test lets it. */
export class FakeSocket {
  readonly OPEN = 1
  readonly CLOSED = 3
  readyState: 0 | 1 | 2 | 3 = 1
  /** Writes that the kernel has accepted. */
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

  /** Lets the kernel accept everything that was written. */
  take(): void {
    for (const { chunk, done } of this.#waiting.splice(0)) {
      if (chunk !== '') this.taken.push(chunk)
      if (done !== undefined) process.nextTick(done)
    }
  }
}

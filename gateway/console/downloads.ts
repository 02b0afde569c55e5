/**
 * CPU profiles and heap snapshots, of a worker or of the gateway's main thread, as files to download.
 *
 * Who is examined writes a file into a folder that only this user can read. The file is opened, its folder is
 * removed, and then it is sent piece by piece. So neither the link nor the gateway's memory ever holds it,
 * and the system forgets it however the process ends.
 */
import { constants, rmSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { writeCpuProfile, writeHeapSnapshot } from '../../shared/examination/profiler.js'
import type { WorkerQuestion } from '../../shared/examination/question.js'
import { messageOf } from '../../shared/text/thrown.js'
import { valueWithin } from '../../shared/with-timeout.js'
import type { Worker } from '../pool/worker.js'
import { ApiFailure } from './api-calls.js'

/**
 * Milliseconds that a worker has to answer that it can be examined at all, that it may take for a heap
 * snapshot, and for a profile beyond its own time.
 */
const longest = { status: 5_000, snapshot: 120_000, profile: 15_000 }

/** What is asked of a worker. */
type Examined = Pick<Worker, 'ask' | 'examination'>

/** What is recorded. */
export type Recording = { readonly kind: 'profile'; readonly ms: number } | { readonly kind: 'heapSnapshot' }

export class Downloads {
  /** Who is examined now. */
  readonly #examined = new Set<Examined | 'gateway'>()
  /** Workers that owe an answer. None is asked again before it has answered. */
  readonly #late = new WeakSet<Examined>()
  /** Folders that are not removed yet. */
  readonly #folders = new Set<string>()

  /**
   * Records, and sends the file as the answer. `name`: of the file, without an extension.
   *
   * @throws ApiFailure `CONFLICT`, `FAILED`
   */
  async send(
    response: ServerResponse,
    from: Examined | 'gateway',
    recording: Recording,
    name: string
  ): Promise<void> {
    if (this.#examined.has(from) || (from !== 'gateway' && this.#late.has(from)))
      throw new ApiFailure(
        'CONFLICT',
        'A profile or a heap snapshot of it is made already; a profile goes on without its caller. Try again later.'
      )
    const { socket } = response
    const silence = socket?.timeout ?? 0
    let folder: string | undefined
    try {
      this.#examined.add(from)
      // Nothing is sent for a while. Whoever does not read the file afterwards is cut.
      socket?.setTimeout(0)
      try {
        folder = await this.#createFolder()
        if (from === 'gateway') await recordHere(recording, fileIn(folder))
        else await this.#recordThere(from, recording, fileIn(folder))
      } finally {
        socket?.setTimeout(silence)
        // Here alone: at the end of a slow download the mark may be that of the next recording.
        this.#examined.delete(from)
      }
      await this.#sendFile(response, folder, `${name}${extensions[recording.kind]}`)
    } finally {
      if (folder !== undefined) await this.#remove(folder)
    }
  }

  /** Creates a folder that only this user can read. */
  async #createFolder(): Promise<string> {
    try {
      const folder = await mkdtemp(join(tmpdir(), 'sallyport-'))
      if (this.#folders.size === 0) process.on('exit', this.#removeAll)
      this.#folders.add(folder)
      return folder
    } catch (error) {
      throw new ApiFailure('FAILED', `There is no place for the recording: ${messageOf(error)}`)
    }
  }

  async #remove(folder: string): Promise<void> {
    if (!this.#folders.has(folder)) return
    await rm(folder, { recursive: true, force: true })
    this.#folders.delete(folder)
    if (this.#folders.size === 0) process.off('exit', this.#removeAll)
  }

  /** Removes what is being recorded, at the end of the process. */
  readonly #removeAll = (): void => {
    for (const folder of this.#folders) {
      try {
        rmSync(folder, { recursive: true, force: true })
      } catch {
        // Nobody is left who could be told.
      }
    }
  }

  /** Sends a file. A worker has written it, so it is not trusted: it may be missing, or no file at all. */
  async #sendFile(response: ServerResponse, folder: string, name: string): Promise<void> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await open(fileIn(folder), flags).catch(() => {
      throw new ApiFailure('FAILED', 'The recording is missing.')
    })
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw new ApiFailure('FAILED', 'The recording is no file.')
      // An old Windows removes no folder of an open file: then it goes when the file is closed.
      await this.#remove(folder).catch(() => {})
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename="${name}"`
      })
      await pipeline(file.createReadStream({ autoClose: false }), response).catch(() => response.destroy())
    } finally {
      await file.close()
    }
  }

  async #recordThere(worker: Examined, recording: Recording, file: string): Promise<void> {
    // A snapshot keeps the watchdog away, which must not protect a worker that is stuck already.
    await this.#ask(worker, { kind: 'status' }, longest.status)
    const isSnapshot = recording.kind === 'heapSnapshot'
    const answered = this.#ask(
      worker,
      { ...recording, file },
      isSnapshot ? longest.snapshot : recording.ms + longest.profile
    )
    if (isSnapshot) void worker.examination.last(answered)
    await answered
  }

  async #ask(worker: Examined, question: WorkerQuestion, limit: number): Promise<void> {
    const answered = worker.ask(question).then(
      () => ({ failure: undefined }),
      error => ({ failure: messageOf(error) })
    )
    const answer = await valueWithin(limit, answered)
    if (answer === undefined) {
      this.#late.add(worker)
      void answered.then(() => this.#late.delete(worker))
      throw new ApiFailure('FAILED', 'The worker did not answer in time: a handler blocks its event loop.')
    }
    const { failure } = answer
    if (failure !== undefined) throw new ApiFailure('FAILED', `The worker could not do it: ${failure}`)
  }
}

function fileIn(folder: string): string {
  return join(folder, 'recording')
}

const extensions = { profile: '.cpuprofile', heapSnapshot: '.heapsnapshot' }

async function recordHere(recording: Recording, file: string): Promise<void> {
  try {
    if (recording.kind === 'heapSnapshot') await writeHeapSnapshot(file)
    else await writeCpuProfile(file, () => new Promise(resolve => setTimeout(resolve, recording.ms)))
  } catch (error) {
    throw new ApiFailure('FAILED', `The gateway could not do it: ${messageOf(error)}`)
  }
}

/**
 * Development mode: loads TypeScript handlers without a build, and loads all handlers anew when one of their
 * files changes. Sessions and sockets stay. If the new code does not load, the old code stays in use.
 *
 *   idle ──▶ loading ──▶ idle ──▶ closed
 */
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { errors } from '../../shared/errors.js'
import { listNames } from '../../shared/text/listed.js'
import type { StartTransport } from '../isolation/start-transport.js'
import type { ResolvedOptions } from '../options/options.js'
import { describeSlow, isCancelled, LoadAttempt } from './load-attempt.js'
import { isLoadedFiles, Sources } from './sources.js'
import { isOfGame, withPlaces } from './syntax.js'
import { findTypescript, noTypescript, type TypescriptSetup } from './typescript.js'
import { Watcher } from './watcher.js'

/**
 * Milliseconds to wait for further changes. An editor writes a file in several steps, and a checkout writes
 * many files.
 */
const settling = 100

/**
 * Milliseconds between two looks at the folders themselves. A watcher sees no more of a folder that was
 * replaced, or to which a symbolic link no longer leads.
 */
const folderInterval = 1_000

/** Number of changed files that are named. */
const namedFiles = 5

/** A load of the handlers that has succeeded. */
export interface Load {
  /** Absolute paths of the files whose change has caused it; empty for the first load, and for `reload()`. */
  readonly changed: readonly string[]
}

export interface DevelopmentInit {
  readonly options: Pick<ResolvedOptions, 'dev' | 'handlers' | 'devPoll' | 'log'>
  /** Returns what the workers load or start that are not up yet. */
  readonly steps: () => readonly string[]
  /** Called when files have changed. Never rejects. */
  readonly reload: (changed: readonly string[]) => Promise<void>
}

export class Development {
  /** Called after each load that has succeeded, the first one too, in this order. */
  readonly onLoaded: ((load: Load) => void)[] = []
  readonly #init: DevelopmentInit
  readonly #sources: Sources
  #state: 'idle' | 'loading' | 'closed' = 'idle'
  #typescript: TypescriptSetup = noTypescript
  #changed: readonly string[] = []
  #watcher: Watcher | undefined
  #watching: Promise<void> | undefined
  #identity = ''
  #settled: NodeJS.Timeout | undefined
  #looks: NodeJS.Timeout | undefined
  /** Ends the wait for a change after a start that has failed. */
  #tryAgain: (() => void) | undefined
  #attempt: LoadAttempt | undefined
  /** The first load of a list of routes is followed by nothing. */
  #use: 'list' | 'start' | 'reloads' = 'list'

  constructor(init: DevelopmentInit) {
    this.#init = init
    this.#sources = new Sources(init.options.handlers)
  }

  /** Returns a function that starts workers which load TypeScript, and follows what they load. */
  follow(start: StartTransport): StartTransport {
    return init =>
      start({
        ...init,
        setup: { ...init.setup, ...this.#typescript },
        onMessage: message => {
          if (isLoadedFiles(message)) this.#sources.add(message)
          else init.onMessage(message)
        }
      })
  }

  /**
   * Runs the first load, and again after each change until it succeeds. Then watches the sources.
   *
   * @throws an error that no change of a file can mend, and `CLOSING`
   */
  async start(run: (cancelled: AbortSignal) => Promise<void>): Promise<void> {
    const { handlers, log } = this.#init.options
    this.#use = 'start'
    for (;;) {
      try {
        await this.load(run)
        break
      } catch (error) {
        if (isCancelled(error) && !this.#isClosed) {
          log.info('The handlers are loaded once more', { why: (error as Error).message })
          continue
        }
        if (!isOfGame(error) || !existsSync(handlers) || this.#isClosed) throw error
        log.error('The handlers do not load; the next change of a file tries again', { error: error.message })
      }
      const isChanged = new Promise<void>(resolve => (this.#tryAgain = resolve))
      await this.#watch()
      await isChanged
      this.#tryAgain = undefined
      if (this.#isClosed) throw errors.closing()
    }
    this.#use = 'reloads'
    await this.#watch()
  }

  /**
   * Tries the first load again, as if a file had changed: one that waits for that, or that takes long.
   * Returns whether it does.
   */
  tryAgain(why: string): boolean {
    const again = this.#tryAgain
    const isSlow = this.#use === 'start' && this.#isSlow
    if (isSlow) this.cancel(why)
    again?.()
    return again !== undefined || isSlow
  }

  /** Another load follows. The one that is under way, if any, is cancelled for that if it takes long. */
  cancel(why: string): void {
    this.#attempt?.cancel(why)
  }

  /**
   * Loads the handlers by `run`, which rejects with the reason of `cancelled` if that aborts. Changes of
   * files during the load are followed by another load.
   */
  async load(run: (cancelled: AbortSignal) => Promise<void>): Promise<void> {
    const changed = this.#changed
    this.#changed = []
    if (!this.#isClosed) this.#state = 'loading'
    this.#sources.begin()
    const attempt = new LoadAttempt(() => this.#becomeSlow())
    this.#attempt = attempt
    let hasSucceeded = false
    try {
      await this.#loadWithTypescript(run, attempt.signal)
      hasSucceeded = true
    } catch (error) {
      throw await withPlaces(error, () => this.#sources.watched)
    } finally {
      attempt.end()
      this.#sources.end(hasSucceeded)
      if (!this.#isClosed) this.#state = 'idle'
      this.#wake()
    }
    for (const each of this.onLoaded) each({ changed })
  }

  close(): void {
    this.#state = 'closed'
    clearTimeout(this.#settled)
    clearInterval(this.#looks)
    void this.#watcher?.close()
    this.#tryAgain?.()
  }

  get #isClosed(): boolean {
    return this.#state === 'closed'
  }

  get #isSlow(): boolean {
    return this.#attempt?.isSlow === true
  }

  /**
   * In development mode, registers the loader of TypeScript if there is any: in the handlers' folder, or
   * loaded from elsewhere. A first load may show that, and is then repeated with the loader.
   */
  async #loadWithTypescript(
    run: (cancelled: AbortSignal) => Promise<void>,
    cancelled: AbortSignal
  ): Promise<void> {
    const { dev, handlers } = this.#init.options
    if (!dev) return run(cancelled)
    const known = this.#sources.typescriptFile
    this.#typescript = known === undefined ? noTypescript : findTypescript(handlers, known)
    try {
      await run(cancelled)
    } catch (error) {
      const found = this.#sources.typescriptFile
      if (known !== undefined || found === undefined || cancelled.aborted) throw error
      this.#typescript = findTypescript(handlers, found)
      if (this.#typescript.typescriptLoaders.length === 0) throw error
      await run(cancelled)
    }
  }

  #becomeSlow(): void {
    const { options, steps } = this.#init
    const fields = { at: listNames(steps()) }
    if (this.#use === 'list') return options.log.warn(describeSlow(false), fields)
    if (this.#use === 'start') options.log.warn(describeSlow(true), fields)
    void this.#watch().then(() => this.#wake())
  }

  /** Watches the sources from the first call on. Never rejects: without a watcher, r and Enter reload. */
  #watch(): Promise<void> {
    this.#watching ??= this.#startToWatch().catch(error => {
      this.#watcher = undefined
      const message = 'Files are not watched, so a saved one is not noticed; r and Enter reload'
      this.#init.options.log.warn(message, { error })
    })
    return this.#watching
  }

  async #startToWatch(): Promise<void> {
    const { handlers, devPoll, log } = this.#init.options
    if (this.#isClosed) return
    this.#watcher = await Watcher.load({
      folder: handlers,
      pollInterval: devPoll,
      onEvent: () => this.#wake(),
      warn: (message, fields) => log.warn(message, fields)
    })
    if (this.#watcher === undefined || this.#isClosed) return
    this.#identity = this.#sources.identify()
    this.#watcher.follow(this.#sources.watched)
    this.#looks = setInterval(() => this.#lookAtFolders(), folderInterval).unref()
  }

  /** Watches everything anew if a folder was replaced. */
  #lookAtFolders(): void {
    if (this.#state !== 'idle') return
    const identity = this.#sources.identify()
    if (identity === this.#identity) return
    this.#identity = identity
    this.#watcher?.renew()
    this.#wake()
  }

  /** Looks for changes once nothing has happened for a while. */
  #wake(): void {
    clearTimeout(this.#settled)
    if (!this.#isClosed) this.#settled = setTimeout(() => this.#findChanges(), settling)
  }

  #findChanges(): void {
    // The end of the load wakes this again.
    if (this.#state === 'closed' || (this.#state === 'loading' && !this.#isSlow)) return
    const changed = this.#sources.findChanged()
    this.#watcher?.follow(this.#sources.watched)
    if (changed.length === 0) return
    this.#changed = changed
    if (this.#use === 'start') this.tryAgain(`${describeChanged(changed)} has changed`)
    else void this.#init.reload(changed)
  }
}

/** Describes changed files for the log, relative to the current folder. */
export function describeChanged(files: readonly string[]): string {
  const names = files.map(file => {
    const path = relative('', file)
    return path.startsWith('..') ? file : path
  })
  const more = names.length > namedFiles ? ` and ${names.length - namedFiles} more` : ''
  return `${names.slice(0, namedFiles).join(', ')}${more}`
}

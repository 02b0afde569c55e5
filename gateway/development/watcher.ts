/**
 * The watcher of files in development, by chokidar.
 * Tells only that something has happened; sources.ts finds out what. If the system can't watch any more
 * files, they are polled.
 */
import { basename, dirname, resolve, sep } from 'node:path'
import type { ChokidarOptions, FSWatcher } from 'chokidar'
import type { LogFields } from '../../shared/text/log.js'
import { isSkippedFolder, isSource } from './source-tree.js'

/** Milliseconds between two looks at a file, if the system can't watch it. */
const pollingAfterError = 1_000

/** Errors for the limits of the system on watched files. */
const limitErrors = new Set(['ENOSPC', 'EMFILE', 'ENFILE'])

export interface WatcherInit {
  /** The handlers' folder: all sources below it are watched, also those that appear there. */
  readonly folder: string
  /** Milliseconds between two looks at a file; 0: the system reports changes. */
  readonly pollInterval: number
  /** Called at any change, and also when nothing that matters has changed. */
  readonly onEvent: () => void
  readonly warn: (message: string, fields: LogFields) => void
}

type Watch = (paths: string[], options: ChokidarOptions) => FSWatcher

export class Watcher {
  readonly #init: WatcherInit
  readonly #watch: Watch
  #pollInterval: number
  #files: readonly string[] = []
  #added = new Set<string>()
  #names = new Set<string>()
  #watcher: FSWatcher | undefined

  private constructor(init: WatcherInit, watch: Watch) {
    this.#init = init
    this.#watch = watch
    this.#pollInterval = init.pollInterval
  }

  /** Loads chokidar. Returns undefined, after a warning, if it is not installed. */
  static async load(init: WatcherInit): Promise<Watcher | undefined> {
    try {
      const { watch } = await import('chokidar')
      return new Watcher(init, watch)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
      init.warn('The package chokidar is missing, so a saved file is not noticed: npm install chokidar', {})
      return undefined
    }
  }

  /** Watches these files from now on, beside the folder. */
  follow(files: readonly string[]): void {
    // Also watches the folders: a watched file that is deleted and made again in a moment may be lost.
    this.#files = [...new Set([...files, ...files.map(each => dirname(each))])]
    this.#names = new Set(files.map(each => basename(each)))
    if (this.#watcher === undefined) return this.renew()
    const added = this.#files.filter(each => !this.#added.has(each))
    for (const each of added) this.#added.add(each)
    if (added.length > 0) this.#watcher.add(added)
  }

  /** Watches everything anew, since folders have been replaced. */
  renew(): void {
    void this.close()
    const isPolling = this.#pollInterval > 0
    const watcher = this.#watch([], {
      ignored: (path, stats) => this.#isIgnored(path, stats?.isFile() === true),
      ignorePermissionErrors: true,
      usePolling: isPolling,
      ...(isPolling ? { interval: this.#pollInterval, binaryInterval: this.#pollInterval } : {})
    })
    watcher.on('all', (event, path) => {
      // chokidar forgets a file that is gone. Adding it again makes it wait for the file's return.
      if (event === 'unlink') this.#added.delete(resolve(path))
      this.#init.onEvent()
    })
    // chokidar keeps back events that follow one another quickly; the raw ones are complete.
    watcher.on('raw', (_event, name) => {
      if (typeof name !== 'string' || isSource(name) || this.#names.has(basename(name))) this.#init.onEvent()
    })
    watcher.on('error', error => this.#onError(watcher, error as NodeJS.ErrnoException))
    this.#watcher = watcher
    this.#added = new Set(this.#files)
    watcher.add([this.#init.folder, ...this.#files])
  }

  async close(): Promise<void> {
    const watcher = this.#watcher
    this.#watcher = undefined
    await watcher?.close()
  }

  #isIgnored(path: string, isFile: boolean): boolean {
    const { folder } = this.#init
    if (this.#added.has(path) || path === folder) return false
    if (!path.startsWith(folder + sep)) return true
    return isFile ? !isSource(path) : isSkippedFolder(path.slice(path.search(/[^\\/]*$/)))
  }

  #onError(watcher: FSWatcher, error: NodeJS.ErrnoException): void {
    if (watcher !== this.#watcher) return
    if (!limitErrors.has(error.code ?? '') || this.#pollInterval > 0) {
      return this.#init.warn('A file of the game is not watched; r and Enter reload', {
        error: error.message
      })
    }
    this.#pollInterval = pollingAfterError
    this.#init.warn(
      'The system can watch no more files, so they are polled: raise fs.inotify.max_user_watches and max_user_instances (sysctl), or set devPoll',
      { error: error.message }
    )
    this.renew()
  }
}

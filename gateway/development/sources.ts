/**
 * The sources of the game: the files that the workers have loaded, and all below the handlers' folder.
 * Tells which of them differ from what the last load has seen. A change is found by comparing, so that it
 * does not matter how a file was replaced, or how many events the system has reported for it.
 */
import { dirname, join } from 'node:path'
import type { LoadedFiles } from '../../shared/link/hello.js'
import { listSources, realPathOf, statOf } from './source-tree.js'
import { findUpwards, isTypescript, withExtended } from './typescript.js'

/** The print of a path where no file is. */
const nothing = ''

export class Sources {
  readonly #folder: string
  /** Files that the handlers in use have loaded, and those of failed loads since then. */
  #loaded = new Set<string>()
  /** Files of the last load, successful or not. */
  #last = new Set<string>()
  /** Which file was at each path when the last load began. */
  #prints = new Map<string, string>()

  /** Paths below the folder, by the paths without symbolic links under which Node loads these files. */
  #names = new Map<string, string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Begins a load: what changes from now on has to be loaded again. */
  begin(): void {
    this.#prints = new Map(this.#all().map(path => [path, printOf(path)]))
    this.#last = new Set()
    const { files, realFiles } = listSources(this.#folder)
    this.#names = new Map(realFiles.map((real, index) => [real, files[index]!]))
  }

  /** Ends a load. If it has failed, the files of the handlers in use are still watched. */
  end(hasSucceeded: boolean): void {
    if (hasSucceeded) this.#loaded = this.#last
    const all = new Set(this.#all())
    for (const path of this.#configurations()) this.#know(path)
    for (const path of this.#prints.keys()) if (!all.has(path)) this.#prints.delete(path)
  }

  /** Takes note of what a worker has loaded, or has not found. */
  add({ files, missing }: LoadedFiles): void {
    for (const each of [...files, ...missing]) {
      const path = this.#names.get(each) ?? each
      this.#loaded.add(path)
      this.#last.add(path)
      this.#know(path)
    }
  }

  /** Returns the paths whose files differ from those that the last load has seen. */
  findChanged(): string[] {
    const paths = new Set([...this.#prints.keys(), ...this.#all()])
    return [...paths].filter(path => printOf(path) !== (this.#prints.get(path) ?? nothing))
  }

  /** A TypeScript file among the sources; undefined if there is none. */
  get typescriptFile(): string | undefined {
    return this.#all().find(path => isTypescript(path) && printOf(path) !== nothing)
  }

  /** All files to watch, also those that are missing in a folder that exists. */
  get watched(): string[] {
    return this.#all().filter(path => realPathOf(dirname(path)) !== undefined)
  }

  /**
   * Identifies the folders of all sources, and the targets of the links. It differs if one of them was
   * replaced, which a watcher does not see: it watches the folder that was there.
   */
  identify(): string {
    const { links } = listSources(this.#folder)
    const places = new Set([this.#folder, ...links, ...this.#all().map(path => dirname(path))])
    return [...places].map(identityOf).join('\n')
  }

  #know(path: string): void {
    if (!this.#prints.has(path)) this.#prints.set(path, printOf(path))
  }

  #all(): string[] {
    const { files } = listSources(this.#folder)
    return [...new Set([...files, ...this.#loaded, ...this.#configurations()])]
  }

  /** Returns the files that decide how the sources are loaded. */
  #configurations(): string[] {
    const folders = new Set([this.#folder, ...[...this.#loaded].map(path => dirname(path))])
    const manifests = [...folders].flatMap(folder => findUpwards(folder, 'package.json') ?? [])
    const own = findUpwards(this.#folder, 'package.json')
    const tsconfig =
      findUpwards(this.#folder, 'tsconfig.json') ??
      join(own === undefined ? this.#folder : dirname(own), 'tsconfig.json')
    return [...manifests, ...withExtended(tsconfig)]
  }
}

/** Whether any message of a worker is a report of loaded files. */
export function isLoadedFiles(message: unknown): message is LoadedFiles {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return false
  const { kind, files, missing } = message as Record<string, unknown>
  return kind === 'loaded' && areTexts(files) && areTexts(missing)
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function printOf(path: string): string {
  const found = statOf(path)
  return found === undefined || found.isDirectory()
    ? nothing
    : `${realPathOf(path)}:${found.size}:${found.mtimeMs}`
}

function identityOf(path: string): string {
  const found = statOf(path)
  return found === undefined ? path : `${realPathOf(path)}:${found.dev}:${found.ino}:${found.birthtimeMs}`
}

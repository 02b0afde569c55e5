/**
 * Remarks on a handlers' folder: what was left out of it, and files that look like a mistake.
 * They are lines of the gateway's log, and stop nothing.
 */
import { basename } from 'node:path'
import type { LoadingNote } from '../../shared/link/hello.js'
import { listNames } from '../../shared/text/listed.js'
import type { LeftOut } from './folders.js'
import { hookNames } from './hooks.js'
import type { FoundInModule } from './methods.js'
import { baseName } from './modules.js'

export class Notes {
  readonly #leftOut: LeftOut
  readonly #idle: string[] = []
  readonly #classes: string[] = []
  readonly #misnamed: string[] = []
  /** Modules of handlers that are named, and export names, like hooks. */
  readonly #likeHooks: string[] = []

  /** @param leftOut what the reader of the folder has left out so far, and will leave out later */
  constructor(leftOut: LeftOut) {
    this.#leftOut = leftOut
  }

  /** Notes a module that offers no handler, or whose functions can't be handlers because of their names. */
  addModule(file: string, { found, misnamed, classes }: FoundInModule): void {
    if (misnamed.length > 0) this.#misnamed.push(`${file}: ${misnamed.join(', ')}`)
    if (/^hooks?$/i.test(basename(baseName(file))) && hookNames.some(each => found.has(each)))
      this.#likeHooks.push(file)
    if (found.size > 0) return
    if (classes.length > 0) this.#classes.push(`${file}: ${classes.join(', ')}`)
    else if (misnamed.length === 0) this.#idle.push(file)
  }

  list(): LoadingNote[] {
    const { tests, declarations, packages, deadLinks, circularLinks, lookalikes } = this.#leftOut
    const hasUnexpected = tests.length + packages.length > 0
    return [
      ...note('info', 'Files in the handlers folder are left out', {
        tests: listNames(tests),
        nodeModules: listNames(packages),
        // A compiler writes them, and nobody takes them for handlers: alone they are not worth a line.
        declarations: hasUnexpected ? declarations.length : 0
      }),
      ...note('warn', 'Links lead to nothing, and are left out', { links: listNames(deadLinks) }),
      ...note('warn', 'Links lead to a folder around them, and are not followed', {
        links: listNames(circularLinks)
      }),
      ...note('warn', 'Files are left out that look like _options.js or _hooks.js; name them exactly so', {
        files: listNames(lookalikes)
      }),
      ...note('warn', 'Files export hooks as routes; hooks belong in _hooks.js', {
        files: listNames(this.#likeHooks)
      }),
      ...note('warn', 'Files offer no route; begin the name of a helper with _', {
        files: listNames(this.#idle)
      }),
      ...note('warn', 'Classes by name offer no route; export the one with handlers as default', {
        classes: listNames(this.#classes)
      }),
      ...note('warn', 'Functions are no handlers because of their names', {
        names: listNames(this.#misnamed)
      })
    ]
  }

  /** Describes why a folder has no handlers. */
  describeEmpty(folder: string): string {
    const why = this.list().map(({ message, fields }) => `${message} (${Object.values(fields).join(', ')})`)
    return [`No handlers were found in ${folder}: no module there exports a function`, ...why].join('. ')
  }
}

/** Makes a note of the fields that are not empty; none if all are. */
function note(level: LoadingNote['level'], message: string, fields: LoadingNote['fields']): LoadingNote[] {
  const told = Object.entries(fields).filter(([, value]) => value !== '' && value !== 0)
  return told.length === 0 ? [] : [{ level, message, fields: Object.fromEntries(told) }]
}

/**
 * Reads the folders of a handlers' folder: which files are modules, which folders to enter, what is left out.
 * Follows symbolic links, finds those that lead in a circle, and keeps a record of all that it leaves out.
 */
import { type Dirent, readdirSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { errors } from '../../shared/errors.js'
import { suggest } from '../../shared/text/nearest.js'

/** A folder or a module. A link is what it leads to, under the link's own name. */
export interface Entry {
  readonly name: string
  readonly path: string
  readonly kind: 'folder' | 'module'
  /** The folder's path without links; for a module that of the folder around it. */
  readonly realFolder: string
}

/** Names of what was left out, relative to the handlers' folder. */
export interface LeftOut {
  readonly tests: string[]
  readonly declarations: string[]
  readonly packages: string[]
  readonly deadLinks: string[]
  readonly circularLinks: string[]
  /** Those that are nearly named `_options` or `_hooks`. */
  readonly lookalikes: string[]
}

const moduleExtensions = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'])

/** Matches the declarations of TypeScript, also those of other files such as `data.d.json.ts`. */
const declarationPattern = /\.d\.(?:\w+\.)?[mc]?ts$/

const testPattern = /\.(?:test|spec)(?:-d)?\.[mc]?[jt]s$/i

/** Matches the names that begin with `_` and are read nevertheless. */
const namedPattern = /^_(?:options|hooks)\.\w+$/

/** Matches a module or a folder whose name begins like theirs. */
const lookalikePattern = /^(_[ho]\w*)(?:\.[mc]?[jt]s)?$/i

/** Codes of a link that leads to nothing: its target is missing, below a file, or the link itself. */
const deadLinkCodes = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

export class FolderReader {
  readonly root: string
  readonly leftOut: LeftOut = {
    tests: [],
    declarations: [],
    packages: [],
    deadLinks: [],
    circularLinks: [],
    lookalikes: []
  }

  constructor(root: string) {
    this.root = root
  }

  /**
   * Returns the content of a folder, sorted by name. `around` are the real paths of the folder and of those
   * through which it was reached.
   *
   * @throws `HANDLERS_INVALID` if the folder, or the target of a link in it, can't be read
   */
  read(folder: string, around: readonly string[]): Entry[] {
    const realFolder = around.at(-1)!
    return readDirents(folder)
      .filter(({ name }) => this.#isMeant(folder, name))
      .flatMap(dirent => this.#readEntry(dirent, join(folder, dirent.name), { realFolder, around }))
  }

  /** Whether a name may be a route's, or is `_options` or `_hooks`. */
  #isMeant(folder: string, name: string): boolean {
    const file = relative(this.root, join(folder, name))
    if (name === '__tests__') this.leftOut.tests.push(file)
    else if (name === 'node_modules') this.leftOut.packages.push(file)
    else if (!/^[._]/.test(name) || namedPattern.test(name)) return true
    else if (isLookalike(name)) this.leftOut.lookalikes.push(file)
    return false
  }

  #readEntry(
    dirent: Dirent,
    path: string,
    { realFolder, around }: { readonly realFolder: string; readonly around: readonly string[] }
  ): Entry[] {
    const { name } = dirent
    const isLink = dirent.isSymbolicLink()
    const target = isLink ? this.#follow(path) : dirent
    if (target?.isDirectory()) {
      const real = isLink ? realpathSync(path) : join(realFolder, name)
      const isCircular = around.some(each =>
        `${each}${sep}`.startsWith(real.endsWith(sep) ? real : real + sep)
      )
      if (!isCircular) return [{ name, path, kind: 'folder', realFolder: real }]
      this.leftOut.circularLinks.push(this.#describeLink(path))
    } else if (target?.isFile() && this.#isModule(path)) {
      return [{ name, path, kind: 'module', realFolder }]
    }
    return []
  }

  /** Returns what a link leads to; undefined for a link that leads to nothing. */
  #follow(path: string): Stats | undefined {
    try {
      return statSync(path)
    } catch (error) {
      if (!deadLinkCodes.has((error as NodeJS.ErrnoException).code ?? '')) throw unreadable(path, error)
      if (moduleExtensions.has(extname(path)) || extname(path) === '')
        this.leftOut.deadLinks.push(this.#describeLink(path))
      return undefined
    }
  }

  #isModule(path: string): boolean {
    if (!moduleExtensions.has(extname(path))) return false
    const isDeclaration = declarationPattern.test(path)
    const isTest = testPattern.test(path)
    if (isDeclaration) this.leftOut.declarations.push(relative(this.root, path))
    else if (isTest) this.leftOut.tests.push(relative(this.root, path))
    return !isDeclaration && !isTest
  }

  #describeLink(path: string): string {
    return `${relative(this.root, path)} -> ${readlinkSync(path)}`
  }
}

/** Whether a name is nearly `_options` or `_hooks`. */
function isLookalike(name: string): boolean {
  const [, base] = lookalikePattern.exec(name) ?? []
  return base !== undefined && suggest(base, ['_options', '_hooks']) !== ''
}

/** Returns the path of the handlers' folder without links. */
export function findRealPath(folder: string): string {
  try {
    return realpathSync(folder)
  } catch (error) {
    throw unreadable(folder, error)
  }
}

function readDirents(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    throw unreadable(folder, error)
  }
}

function unreadable(path: string, error: unknown) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return errors.handlersInvalid(`The handlers' folder ${path} does not exist`)
  if (code === 'ENOTDIR') return errors.handlersInvalid(`The handlers' folder ${path} is no folder`)
  return errors.handlersInvalid(`${path} can't be read: ${message}`)
}

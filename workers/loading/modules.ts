/**
 * Finds and imports the modules of a handlers' folder, and explains why one does not load.
 * Leaves the meaning of their exports to handlers.ts and hooks.ts.
 */
import { type Dirent, readdirSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errors } from '../../shared/errors.js'
import { attempt, codeOf, describeThrown, messageOf } from '../../shared/text/thrown.js'

export type Module = Readonly<Record<string, unknown>>

/** A module with its file, relative to the handlers' folder. */
export interface NamedModule {
  readonly file: string
  readonly loaded: Module
}

/** The address of the worker's own files, which are no places of errors of the game. */
const own = new URL('..', import.meta.url).href

const moduleExtensions = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'])

/** Returns the entries of a folder, sorted by name. */
export function readFolder(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw errors.handlersInvalid(
      isMissing
        ? `The handlers' folder ${folder} does not exist`
        : `${folder} can't be read: ${(error as Error).message}`
    )
  }
}

export function isModule(entry: Dirent): boolean {
  return (
    !entry.isDirectory() && moduleExtensions.has(extname(entry.name)) && !/\.d\.[mc]?ts$/.test(entry.name)
  )
}

export function baseName(file: string): string {
  return file.slice(0, -extname(file).length)
}

/** Returns the dotted path of a module, with which its routes begin. */
export function routePrefix(file: string): string {
  return baseName(file).split(sep).join('.')
}

export async function load(path: string): Promise<Module> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    throw errors.handlersInvalid(
      `${path} does not load: ${whyNotTypescript(error, path) ?? describeFailure(error)}`
    )
  }
}

/** Returns why TypeScript does not load where nothing translates it; undefined for any other failure. */
function whyNotTypescript(error: unknown, path: string): string | undefined {
  const code = codeOf(error)
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `${describeFailure(error)}; Node only strips types: npm install --save-dev tsx`
  }
  const [, file] = /Unknown file extension "\.[mc]?tsx?" for (.+)/.exec(messageOf(error)) ?? []
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' || file === undefined) return undefined
  const which = file === path ? 'it' : file
  return `${which} is TypeScript: compile it, or start with --dev and install tsx (npm install --save-dev tsx)`
}

/** Loads a module such as `_options` from a folder, given its entries; undefined if there is none. */
export async function loadNamed(
  root: string,
  folder: string,
  entries: readonly Dirent[],
  name: string
): Promise<NamedModule | undefined> {
  const [entry, other] = entries.filter(entry => isModule(entry) && baseName(entry.name) === name)
  if (entry === undefined) return undefined
  const path = join(folder, entry.name)
  if (other !== undefined)
    throw errors.handlersInvalid(`${path} stands beside ${other.name}: one is too many`)
  return { file: relative(root, path), loaded: await load(path) }
}

/**
 * Returns the named exports of a module. Properties of its default export count as named exports, because
 * CommonJS modules export names in this way.
 */
export function exportsOf({ default: defaultExport, ...named }: Module): Module {
  const {
    default: _inner,
    __esModule: _isCompiled,
    'module.exports': _again,
    ...exported
  } = { ...(typeof defaultExport === 'object' ? defaultExport : {}), ...named } as Module
  return exported
}

/**
 * Describes the error of a module on one line: its text, and the place in the game's file if that is known.
 */
export function describeFailure(error: unknown): string {
  return attempt(() => (error instanceof Error ? describeError(error) : describeThrown(error)))
}

function describeError(error: Error): string {
  const text = `${error.name}: ${error.message}`.replaceAll(/\s*\n\s*/g, ' ')
  // Node puts the place of a syntax error before its stack.
  const [, syntax] = /^(?:file:\/\/)?(\/.*:\d+)\n/.exec(error.stack ?? '') ?? []
  if (syntax !== undefined && !text.includes(syntax)) return `${text} (${syntax})`
  const place = error.stack
    ?.split('\n')
    .find(line => /^ +at .*:\d+:\d+\)?$/.test(line) && !line.includes('node:') && !line.includes(own))
  const [at] = /(?:file:|\/)[^()]*:\d+:\d+/.exec(place ?? '') ?? []
  return at === undefined || at.includes('node_modules') ? text : `${text} (${at.replace('file://', '')})`
}

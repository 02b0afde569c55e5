/**
 * Imports the modules of a handlers' folder, and explains why one does not load.
 * Leaves the meaning of their exports to exports.ts.
 */
import { extname, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errors } from '../../shared/errors.js'
import { attempt, codeOf, describeThrown, messageOf } from '../../shared/text/thrown.js'
import type { Entry } from './folders.js'

export type Module = Readonly<Record<string, unknown>>

/** A module with its file, relative to the handlers' folder. */
export interface NamedModule {
  readonly file: string
  readonly loaded: Module
}

/** The address of the worker's own files, which are no places of errors of the game. */
const own = new URL('..', import.meta.url).href

export function baseName(file: string): string {
  return file.slice(0, -extname(file).length)
}

/** Returns the dotted path of a module, with which its routes begin. */
export function routePrefix(file: string): string {
  return baseName(file).split(sep).join('.')
}

/** @param begins is told the path before its module is imported */
export async function load(path: string, begins: (path: string) => void): Promise<Module> {
  begins(path)
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
    return `${describeFailure(error)}; Node only strips types: --dev with tsx loads it (npm install --save-dev tsx)`
  }
  const [, file] = /Unknown file extension "\.[mc]?tsx?" for (.+)/.exec(messageOf(error)) ?? []
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' || file === undefined) return undefined
  const which = file === path ? 'it' : file
  return `${which} is TypeScript: compile it, or start with --dev and install tsx (npm install --save-dev tsx)`
}

/** Loads a module such as `_options` from a folder, given its entries; undefined if there is none. */
export async function loadNamed(
  root: string,
  entries: readonly Entry[],
  name: string,
  begins: (path: string) => void
): Promise<NamedModule | undefined> {
  const [entry, other] = entries.filter(each => each.kind === 'module' && baseName(each.name) === name)
  if (entry === undefined) return undefined
  if (other !== undefined)
    throw errors.handlersInvalid(`${entry.path} stands beside ${other.name}: one is too many`)
  return { file: relative(root, entry.path), loaded: await load(entry.path, begins) }
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

/**
 * The loader of TypeScript handlers: tsx, if there is TypeScript to load, with the game's own tsconfig.json.
 * Without tsx, Node itself strips the types where it can (22.18 and later).
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errors } from '../../shared/errors.js'
import { isBlankJsonText, parseJsonText } from './json-text.js'
import { readIfThere } from './source-tree.js'

/** What a worker registers before it loads handlers. */
export interface TypescriptSetup {
  readonly typescriptLoaders: readonly string[]
  readonly tsconfig: string | undefined
}

export const noTypescript: TypescriptSetup = { typescriptLoaders: [], tsconfig: undefined }

/** Whether a file is TypeScript that a loader must read. */
export function isTypescript(file: string): boolean {
  return /\.([mc]?ts|tsx)$/.test(file) && !/\.d\.[mc]?ts$/.test(file)
}

/**
 * Returns the setup for handlers of which one file is TypeScript.
 *
 * @param file that file, for the error
 * @throws `OPTION_INVALID`, if nothing can load it; `HANDLERS_INVALID`, if a tsconfig.json is no JSON
 */
export function findTypescript(handlers: string, file: string): TypescriptSetup {
  const typescriptLoaders = findLoaders(handlers)
  if (typescriptLoaders !== undefined) {
    const tsconfig = findUpwards(handlers, 'tsconfig.json')
    if (tsconfig !== undefined) expectReadable(tsconfig)
    return { typescriptLoaders, tsconfig }
  }
  if (canStripTypes()) return noTypescript
  throw errors.optionInvalid(
    `${file} is TypeScript: it needs the package tsx (npm install --save-dev tsx), or Node.js 22.18 or later`
  )
}

/**
 * Imports a module in this thread, with the loader of TypeScript if it is TypeScript.
 *
 * @throws `OPTION_INVALID`, if nothing can load it, and the error of the import
 */
export async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(file).href
  if (!isTypescript(file)) return import(url)
  const { typescriptLoaders, tsconfig } = findTypescript(dirname(file), file)
  const [loader] = typescriptLoaders
  if (loader === undefined) return import(url)
  const { tsImport } = await import(loader)
  return tsImport(url, { parentURL: url, tsconfig: tsconfig ?? false })
}

/** Reads a tsconfig.json and those that it extends: tsx would take a broken one for an empty one. */
function expectReadable(tsconfig: string): void {
  for (const file of withExtended(tsconfig)) {
    try {
      const text = readIfThere(file) ?? ''
      // As TypeScript itself does, takes a file without anything for one without options.
      if (!isBlankJsonText(text)) parseJsonText(text)
    } catch (error) {
      throw errors.handlersInvalid(`${file} can't be read: ${(error as Error).message}`)
    }
  }
}

/** Whether Node runs TypeScript by itself. */
function canStripTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript)
}

/**
 * Returns the URLs of the modules through which workers register tsx, for ES modules and for CommonJS
 * modules; undefined if it is not installed. (With `--import` tsx would have no effect in workers: it
 * registers itself in main threads only.)
 *
 * @throws `OPTION_INVALID`, if it is too old
 */
function findLoaders(handlers: string): string[] | undefined {
  // Prefers the game's own tsx to the tsx that is installed beside the gateway.
  for (const from of [pathToFileURL(join(handlers, '_')), import.meta.url]) {
    const manifest = findManifest(from)
    if (manifest === undefined) continue
    const { exports, version } = JSON.parse(readFileSync(manifest, 'utf8'))
    if (isTooOld(version)) {
      throw errors.optionInvalid(
        `tsx ${version} in ${dirname(manifest)} is too old: TypeScript needs tsx 4.12 or later (npm install --save-dev tsx@4)`
      )
    }
    // Takes the ES form of both modules, because the form that `require.resolve` returns can't register in a
    // worker.
    return ['./esm/api', './cjs/api'].map(
      each => new URL(exports[each].import.default, pathToFileURL(manifest)).href
    )
  }
  return undefined
}

/** Whether a version of tsx comes before 4.12, the first one whose `tsImport` loads a configuration file. */
function isTooOld(version: string): boolean {
  const [major, minor] = version.split('.').map(Number) as [number, number]
  return major < 4 || (major === 4 && minor < 12)
}

function findManifest(from: URL | string): string | undefined {
  try {
    return createRequire(from).resolve('tsx/package.json')
  } catch {
    return undefined
  }
}

/** Returns the nearest file of a name in a folder and those around it. */
export function findUpwards(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, name)
    if (existsSync(file)) return file
    if (at === dirname(at)) return undefined
  }
}

/** Returns a tsconfig.json and the files of the same project that it extends. */
export function withExtended(tsconfig: string): string[] {
  const found = new Set<string>()
  const queue = [tsconfig]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (found.has(file)) continue
    found.add(file)
    const [, extended = ''] = /"extends"\s*:\s*("[^"]*"|\[[^\]]*\])/.exec(readIfThere(file) ?? '') ?? []
    for (const [, path] of extended.matchAll(/"(\.[^"]*)"/g)) {
      const target = resolve(dirname(file), path!)
      queue.push(target.endsWith('.json') ? target : `${target}.json`)
    }
  }
  return [...found]
}

/** The file with the types of a game's routes, which `sallyport types` writes from the handlers' folder. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { errors } from '../../shared/errors.js'
import type { ResolvedOptions } from '../options/options.js'
import { listModules } from './handler-modules.js'

/** The first line of a written file. A file without it is the user's own. */
const marker = '// Written by `sallyport types` from the names of the handler modules. Do not edit it.'

export interface TypesFile {
  readonly path: string
  /** The text that the file should have. */
  readonly text: string
  /** The text that it has; undefined if there is no file. */
  readonly present: string | undefined
}

/** Returns the path of the file if none is given: `routes.ts` beside the handlers' folder. */
export function defaultTypesPath(handlers: string): string {
  return join(dirname(resolve(handlers)), 'routes.ts')
}

/** @throws `HANDLERS_INVALID` if the handlers' folder can't be read, or has no module */
export function readTypesFile(handlers: string, path = defaultTypesPath(handlers)): TypesFile {
  // A checkout may have given it line ends of Windows.
  const present = existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\r\n', '\n') : undefined
  return { path, text: formatTypes(handlers, path), present }
}

/**
 * Writes the file, unless it is as it should be. Returns whether it was written.
 *
 * @throws `OPTION_INVALID` for a file that something else has written
 */
export function writeTypesFile({ path, text, present }: TypesFile): boolean {
  if (present === text) return false
  expectOwnFile({ path, present })
  writeFileSync(path, text)
  return true
}

/**
 * Does nothing if there is no file, or one that `sallyport types` has written.
 *
 * @throws `OPTION_INVALID` for a file that something else has written
 */
export function expectOwnFile({ path, present }: Pick<TypesFile, 'path' | 'present'>): void {
  if (present === undefined || present.startsWith(marker)) return
  throw errors.optionInvalid(
    `${path} is there already, and not written by sallyport types: --out names another`
  )
}

/**
 * Writes the file beside the handlers' folder anew, if `sallyport types` has written it for that folder. Logs
 * a failure.
 */
export function refreshTypesFile({ handlers, log }: Pick<ResolvedOptions, 'handlers' | 'log'>): void {
  const path = defaultTypesPath(handlers)
  try {
    const present = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const [folder] = quote(`./${basename(resolve(handlers))}/|`, true).split('|')
    const isOfFolder = present.includes(`typeof import(${folder}`)
    if (!present.startsWith(marker) || !isOfFolder) return
    if (writeTypesFile(readTypesFile(handlers, path)))
      log.info('The types of the routes were written', { path })
  } catch (error) {
    log.warn('The types of the routes were not written', { path, error: (error as Error).message })
  }
}

function formatTypes(handlers: string, path: string): string {
  const modules = listModules(handlers)
  if (modules.length === 0) {
    throw errors.handlersInvalid(`No handlers were found in ${handlers}: there is no module`)
  }
  // Two modules may share a name, such as `room.chat.ts` and `room/chat.ts`, but no function's name.
  const types = new Map<string, string[]>()
  for (const { name, file } of modules) {
    const way = relative(dirname(path), join(handlers, file)).split(sep).join('/')
    const from = (way.startsWith('../') ? way : `./${way}`).replace(/\.([mc]?)ts$/, '.$1js')
    types.set(name, [...(types.get(name) ?? []), `typeof import(${quote(from, true)})`])
  }
  const lines = [...types].map(([name, of]) => `  ${quote(name)}: ${of.join(' & ')}`)
  return `${marker}
import type { RoutesOf } from 'sallyport/client'

/** The routes of this game, for \`connect<Routes>\` of \`sallyport/client\`. */
export type Routes = RoutesOf<{
${lines.join('\n')}
}>
`
}

/** Returns a name as a key or a text of TypeScript. */
function quote(name: string, always = false): string {
  const text = `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  return always || !/^[A-Za-z_$][\w$]*$/.test(name) ? text : name
}

/** The modules of a handlers' folder by their names, found without running any of them. */
import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { errors } from '../../shared/errors.js'

export interface HandlerModule {
  /** What the routes of its handlers begin with: its path below the folder, with dots. */
  readonly name: string
  /** Its path below the folder, with slashes. */
  readonly file: string
}

const modulePattern = /\.[mc]?[jt]s$/

/** Matches declarations of TypeScript, which workers do not load either. */
const declarationPattern = /\.d\.(?:\w+\.)?[mc]?ts$/

/** Matches tests, in large letters too. */
const testPattern = /\.(?:test|spec)(?:-d)?\.[mc]?[jt]s$/i

/**
 * Lists the modules whose functions are handlers, sorted by name. Links are followed; one that leads in a
 * circle, or to nothing, is left out.
 *
 * @throws `HANDLERS_INVALID` if the folder can't be read
 */
export function listModules(folder: string): HandlerModule[] {
  return listFolder({ folder, below: '', around: [] }).sort((a, b) => (a.name < b.name ? -1 : 1))
}

interface Place {
  readonly folder: string
  /** The folder's path below the handlers' folder, with a slash at its end; '' for that folder itself. */
  readonly below: string
  /** Real paths of the folders around it. */
  readonly around: readonly string[]
}

function listFolder({ folder, below, around }: Place): HandlerModule[] {
  const real = attemptRead(folder, () => realpathSync(folder))
  const isAbove = around.some(each => `${each}${sep}`.startsWith(real.endsWith(sep) ? real : real + sep))
  if (isAbove) return []
  return attemptRead(folder, () => readdirSync(folder))
    .filter(name => !/^[._]/.test(name) && name !== 'node_modules')
    .flatMap(name => {
      const [path, file] = [join(folder, name), `${below}${name}`]
      const stats = follow(path)
      if (stats?.isDirectory()) {
        return listFolder({ folder: path, below: `${file}/`, around: [...around, real] })
      }
      if (stats?.isFile() !== true || !modulePattern.test(name)) return []
      if (declarationPattern.test(name) || testPattern.test(name)) return []
      return [{ name: file.replace(modulePattern, '').replaceAll('/', '.'), file }]
    })
}

/** Returns what a path leads to; undefined for a link that leads to nothing, to itself or below a file. */
function follow(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code ?? '')) return undefined
    throw errors.handlersInvalid(`${path} can't be read: ${message}`)
  }
}

function attemptRead<Result>(folder: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw errors.handlersInvalid(`The handlers' folder ${folder} does not exist`)
    if (code === 'ENOTDIR') throw errors.handlersInvalid(`The handlers' folder ${folder} is no folder`)
    throw errors.handlersInvalid(`The handlers' folder ${folder} can't be read: ${message}`)
  }
}

/** The modules of a handlers' folder by their names, found without running any of them. */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../../shared/errors.js'

export interface HandlerModule {
  /** What the routes of its handlers begin with: its path below the folder, with dots. */
  readonly name: string
  /** Its path below the folder, with slashes. */
  readonly file: string
}

const modulePattern = /\.[mc]?[jt]s$/

/** Matches declarations of TypeScript and tests, which workers do not load either. */
const ignoredPattern = /\.d\.(?:\w+\.)?[mc]?ts$|\.(?:test|spec)(?:-d)?\.[mc]?[jt]s$/i

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
  if (around.includes(real)) return []
  return attemptRead(folder, () => readdirSync(folder))
    .filter(name => !/^[._]/.test(name) && name !== 'node_modules')
    .flatMap(name => {
      const [path, file] = [join(folder, name), `${below}${name}`]
      const stats = statSync(path, { throwIfNoEntry: false })
      if (stats?.isDirectory()) {
        return listFolder({ folder: path, below: `${file}/`, around: [...around, real] })
      }
      if (stats === undefined || !modulePattern.test(name) || ignoredPattern.test(name)) return []
      return [{ name: file.replace(modulePattern, '').replaceAll('/', '.'), file }]
    })
}

function attemptRead<Result>(folder: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw errors.handlersInvalid(`The handlers' folder ${folder} can't be read: ${(error as Error).message}`)
  }
}

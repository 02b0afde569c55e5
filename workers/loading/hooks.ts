/**
 * Reads the `_hooks` modules of a handlers' folder.
 * A module in any folder may declare hooks for sessions that are dropped, resumed or closed, and filters for
 * the handlers there (filters.ts). The module in the handlers' folder itself may also declare onConnect, and
 * the hooks of a worker.
 */

import { errors } from '../../shared/errors.js'
import { type ConnectInfo, type ConnectRefusal, needsAffinityValue } from '../../shared/link/hooks.js'
import type { RouteOptions } from '../../shared/link/route-options.js'
import { isRequestError } from '../../shared/request-error.js'
import { describeValue } from '../../shared/text/described.js'
import type { Logger } from '../../shared/text/log.js'
import { suggest } from '../../shared/text/nearest.js'
import { type BackendSession, holdsValue } from '../api/backend-session.js'
import type { HandlerContext } from '../api/context.js'
import { reasonOf } from '../runtime/failure.js'
import type { HandlerApp } from './app.js'
import { readExports, readNames } from './exports.js'
import type { Filter } from './filters.js'
import type { Handler } from './handlers.js'
import { describeFailure, type NamedModule, routePrefix } from './modules.js'

/** The session hooks whose outcome does not matter, except for the log. */
const toldNames = ['onDrop', 'onResume', 'onClose']
/** The hooks that any folder may declare. */
const folderHookNames = [...toldNames, 'before', 'after']
/** The hooks that a `_hooks` module may declare. */
export const hookNames = ['onConnect', ...toldNames, 'onStart', 'onStop', 'before', 'after']

/** Functions by the hook's name, each bound to the object that it is a method of. */
type Functions = Readonly<Record<string, Function | undefined>>

/** The content of the `_hooks` module of one folder. */
export interface FolderHooks {
  readonly filter: Filter | undefined
  /** The session hooks. They run like requests, under routes that no client can request. */
  readonly handlers: readonly Handler[]
  readonly hooks: WorkerHooks
}

/** The hooks of a worker itself. */
export interface WorkerHooks {
  /** Runs onStart. Throws `HANDLERS_INVALID` if it fails. */
  readonly start: (app: HandlerApp) => Promise<void>
  readonly stop: ((app: HandlerApp) => unknown) | undefined
}

export const noHooks: WorkerHooks = { start: async () => {}, stop: undefined }

/**
 * Reads a `_hooks` module. `options` are the route options of its folder.
 *
 * @throws `HANDLERS_INVALID`, which names the file
 */
export function readHooks(
  { file, loaded }: NamedModule,
  isRoot: boolean,
  options: RouteOptions
): FolderHooks {
  const functions = readFunctions(file, loaded, isRoot)
  const { before, after, onStart, onStop } = functions
  const hasFilter = before !== undefined || after !== undefined
  return {
    filter: hasFilter ? ({ file, before, after } as Filter) : undefined,
    handlers: readHandlers(file, functions, options),
    hooks: {
      start: async app => {
        try {
          await onStart?.(app)
        } catch (error) {
          throw errors.handlersInvalid(`onStart of ${file} failed: ${describeFailure(error)}`)
        }
      },
      stop: onStop as WorkerHooks['stop']
    }
  }
}

function readFunctions(file: string, loaded: NamedModule['loaded'], isRoot: boolean): Functions {
  const { own: defaultExport } = readExports(loaded, file)
  const functions: Record<string, Function> = {}
  for (const [name, hook] of Object.entries(readNames(loaded, file, 'hooks'))) {
    if (!hookNames.includes(name)) {
      throw errors.handlersInvalid(
        `There is no hook \`${name}\` (${file}); ${suggest(name, hookNames)}the hooks are ${hookNames.join(', ')}`
      )
    }
    if (!isRoot && !folderHookNames.includes(name)) {
      throw errors.handlersInvalid(
        `\`${name}\` of ${file} belongs into the _hooks of the handlers' folder itself`
      )
    }
    if (typeof hook !== 'function') {
      throw errors.handlersInvalid(
        `Expected \`${name}\` of ${file} to be a function, got ${describeValue(hook)}`
      )
    }
    const isOfObject = (defaultExport as Record<string, unknown> | undefined)?.[name] === hook
    functions[name] = hook.bind(isOfObject ? defaultExport : undefined)
  }
  if (Object.keys(functions).length === 0) throw errors.handlersInvalid(`${file} exports no hook`)
  return functions
}

/** A session hook. `told` is the request's body, written by the gateway. */
type SessionHook = (session: BackendSession, told: unknown, context: HandlerContext) => unknown

function readHandlers(file: string, functions: Functions, folder: RouteOptions): Handler[] {
  // A session hook always has its place in the lane, even if the folder's handlers are concurrent.
  const { concurrent: _never, ...options } = folder
  const module = routePrefix(file)
  const handlers: Handler[] = []
  const { onConnect } = functions
  if (onConnect !== undefined) {
    const call: Handler['call'] = (info, session, context) =>
      askConnect(() => onConnect(session, info as ConnectInfo, context), context.log)
    handlers.push({ route: `${module}.onConnect`, file, options, call })
  }
  for (const name of toldNames) {
    const hook = functions[name] as SessionHook | undefined
    if (hook === undefined) continue
    const route = `${module}.${name}`
    const { affinity } = options
    const call: Handler['call'] = needsAffinityValue(route, affinity)
      ? (told, session, context) => (hasValue(session, affinity) ? hook(session, told, context) : undefined)
      : (told, session, context) => hook(session, told, context)
    handlers.push({ route, file, options, call })
  }
  return handlers
}

/** Whether a session has a value for an affinity. */
function hasValue(session: BackendSession, affinity: string): boolean {
  return affinity === 'uid' ? session.uid !== null : holdsValue(session, affinity)
}

/** Calls onConnect, and returns its refusal if it has refused. Any other error of onConnect is thrown. */
async function askConnect(onConnect: () => unknown, log: Logger): Promise<ConnectRefusal | undefined> {
  try {
    return (await onConnect()) === false ? { reason: 'refused' } : undefined
  } catch (error) {
    if (!isRequestError(error)) throw error
    return { reason: reasonOf(error, log) }
  }
}

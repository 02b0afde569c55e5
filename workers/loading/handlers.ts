/**
 * Loads a handlers' folder: its modules, their routes, and the function behind each route.
 * This happens once in a worker's life. Later a route is found by its index, never by a name from a client.
 */
import { relative } from 'node:path'
import { errors, GatewayError } from '../../shared/errors.js'
import type { LoadingNote } from '../../shared/link/hello.js'
import type { HandlerSchemas, RouteOptions } from '../../shared/link/route-options.js'
import { isInstance } from '../../shared/text/instance.js'
import { declaredSchemasOf, optionsOf, schemasOf } from '../api/handler.js'
import type { Schema } from '../api/schema.js'
import type { HandlerApp } from './app.js'
import { readNames } from './exports.js'
import { type Call, type Filter, surround } from './filters.js'
import { FolderReader, findRealPath } from './folders.js'
import { noHooks, readHooks, type WorkerHooks } from './hooks.js'
import { findFunctions } from './methods.js'
import { describeFailure, load, loadNamed, type Module, type NamedModule, routePrefix } from './modules.js'
import { Notes } from './notes.js'
import { pickOptions } from './route-options.js'

/** A route and the function behind it. */
export interface Handler {
  readonly route: string
  /** The module's file, relative to the handlers' folder. */
  readonly file: string
  readonly options: RouteOptions
  /** Absent without schemas. */
  readonly schemas?: HandlerSchemas
  /** The schemas themselves, which stay in the worker. */
  readonly declared?: { readonly body?: Schema; readonly reply?: Schema }
  /** The handler, with the filters of its folders around it. */
  readonly call: Call
}

/** The content of a handlers' folder. */
export interface LoadedHandlers {
  /** Sorted by route. */
  readonly handlers: readonly Handler[]
  /** The session hooks of all folders, those of the outermost folder first. */
  readonly sessionHooks: readonly Handler[]
  readonly hooks: WorkerHooks
  /** What was left out, and files that look like a mistake. */
  readonly notes: readonly LoadingNote[]
}

/** Options and filters for the handlers of a folder: its own, and those of the folders around it. */
interface Inherited {
  readonly options: RouteOptions
  /** All filters, the outermost first. */
  readonly filters: readonly Filter[]
}

/** A folder, with the real paths of itself and of those through which it was reached. */
interface Place {
  readonly folder: string
  readonly around: readonly string[]
}

/** The state of one load. */
interface Loading {
  readonly reader: FolderReader
  readonly notes: Notes
  readonly app: HandlerApp
  readonly begins: (path: string) => void
  readonly add: (handler: Handler) => void
  readonly sessionHooks: Handler[]
  /** What is wrong, a sentence for each file. */
  readonly faults: string[]
  hooks: WorkerHooks
}

/**
 * Loads all handlers below a folder, and its hooks.
 *
 * @param begins is told each module's file before it is imported, relative to the folder
 * @throws `HANDLERS_INVALID`, with a line for each file that is invalid: its name, and what is wrong with it
 */
export async function loadHandlers(
  folder: string,
  app: HandlerApp,
  begins: (file: string) => void = () => {}
): Promise<LoadedHandlers> {
  const handlers = new Map<string, Handler>()
  const add = (handler: Handler) => {
    const other = handlers.get(handler.route)
    if (other !== undefined) {
      throw errors.handlersInvalid(
        `Two handlers claim the route "${handler.route}": ${other.file} and ${handler.file} in ${folder}`
      )
    }
    if (Buffer.byteLength(handler.route) > 255) {
      throw errors.handlersInvalid(`The route "${handler.route}" of ${handler.file} is longer than 255 bytes`)
    }
    handlers.set(handler.route, handler)
  }
  const reader = new FolderReader(folder)
  const notes = new Notes(reader.leftOut)
  const loading: Loading = {
    reader,
    notes,
    app,
    add,
    begins: path => begins(relative(folder, path)),
    sessionHooks: [],
    faults: [],
    hooks: noHooks
  }
  await loadFolder(loading, { folder, around: [findRealPath(folder)] }, { options: {}, filters: [] })
  if (loading.faults.length > 0) throw errors.handlersInvalid(loading.faults.join('\n'))
  if (handlers.size === 0) throw errors.handlersInvalid(notes.describeEmpty(folder))
  const sorted = [...handlers.values()].sort((a, b) => (a.route < b.route ? -1 : 1))
  const { sessionHooks, hooks } = loading
  return { handlers: sorted, sessionHooks, hooks, notes: notes.list() }
}

async function loadFolder(loading: Loading, { folder, around }: Place, outer: Inherited): Promise<void> {
  const { root } = loading.reader
  const entries = loading.reader.read(folder, around)
  const declared = await noting(loading, async () => {
    const module = await loadNamed(root, entries, '_options', loading.begins)
    return module && (await reading(module.file, () => readOptions(module)))
  })
  const options = { ...outer.options, ...declared }
  const own = await noting(loading, async () => {
    const module = await loadNamed(root, entries, '_hooks', loading.begins)
    return module && (await reading(module.file, () => readHooks(module, folder === root, options)))
  })
  if (own !== undefined && folder === root) loading.hooks = own.hooks
  loading.sessionHooks.push(...(own?.handlers ?? []))
  const inherited = { options, filters: own?.filter ? [...outer.filters, own.filter] : outer.filters }
  for (const { name, kind, path, realFolder } of entries) {
    if (name.startsWith('_')) continue
    await noting(loading, async () => {
      if (kind === 'folder')
        await loadFolder(loading, { folder: path, around: [...around, realFolder] }, inherited)
      else await addModule(loading, relative(root, path), await load(path, loading.begins), inherited)
    })
  }
}

/** Runs a step of the load. Notes what is wrong with its file, so that the other files are loaded too. */
async function noting<Value>({ faults }: Loading, step: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await step()
  } catch (error) {
    if (!isInstance(error, GatewayError)) throw error
    faults.push(error.message)
    return undefined
  }
}

async function addModule(
  { app, add, notes }: Loading,
  file: string,
  loaded: Module,
  { options, filters }: Inherited
): Promise<void> {
  const prefix = routePrefix(file)
  const module = await reading(file, () => findFunctions(loaded, file, app))
  notes.addModule(file, module)
  for (const [name, { run, self }] of module.found) {
    const schemas = schemasOf(run)
    add({
      route: `${prefix}.${name}`,
      file,
      options: { ...options, ...pickOptions(optionsOf(run), `${name} in ${file}`) },
      ...(schemas && { schemas, declared: declaredSchemasOf(run) }),
      call: surround((body, session, context) => run.call(self, body, session, context), filters)
    })
  }
}

/** Reads a `_options` module. Throws `HANDLERS_INVALID` if it declares no option, or an invalid one. */
function readOptions({ loaded, file }: NamedModule): RouteOptions {
  const names = readNames(loaded, file, 'options')
  if (Object.keys(names).length === 0) throw errors.handlersInvalid(`${file} exports no option`)
  return pickOptions(names, file)
}

/** Reads the exports of a module, whose getters are the game's. Throws `HANDLERS_INVALID`, with the file. */
async function reading<Value>(file: string, read: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch (error) {
    if (isInstance(error, GatewayError)) throw error
    throw errors.handlersInvalid(`The exports of ${file} can't be read: ${describeFailure(error)}`)
  }
}

/**
 * Loads a handlers' folder: its modules, their routes, and the function behind each route.
 * This happens once in a worker's life. Later a route is found by its index, never by a name from a client.
 */
import { join, relative } from 'node:path'
import { describeValue } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { RouteOptions } from '../../shared/link/route-options.js'
import { optionsOf } from '../api/handler.js'
import type { HandlerApp } from './app.js'
import { type Call, type Filter, surround } from './filters.js'
import { noHooks, readHooks, type WorkerHooks } from './hooks.js'
import {
  describeFailure,
  exportsOf,
  isModule,
  load,
  loadNamed,
  type Module,
  readFolder,
  routePrefix
} from './modules.js'

/** A route and the function behind it. */
export interface Handler {
  readonly route: string
  /** The module's file, relative to the handlers' folder. */
  readonly file: string
  readonly options: RouteOptions
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
}

/** Options and filters for the handlers of a folder: its own, and those of the folders around it. */
interface Inherited {
  readonly options: RouteOptions
  /** All filters, the outermost first. */
  readonly filters: readonly Filter[]
}

/** The state of one load. */
interface Loading {
  readonly root: string
  readonly app: HandlerApp
  readonly add: (handler: Handler) => void
  readonly sessionHooks: Handler[]
  hooks: WorkerHooks
}

/**
 * Loads all handlers below a folder, and its hooks.
 *
 * @throws `HANDLERS_INVALID`, which names the file and what is wrong with it
 */
export async function loadHandlers(folder: string, app: HandlerApp): Promise<LoadedHandlers> {
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
  const loading: Loading = { root: folder, app, add, sessionHooks: [], hooks: noHooks }
  await loadFolder(loading, folder, { options: {}, filters: [] })
  if (handlers.size === 0)
    throw errors.handlersInvalid(`No handlers were found in ${folder}: no module there exports a function`)
  const sorted = [...handlers.values()].sort((a, b) => (a.route < b.route ? -1 : 1))
  const { sessionHooks, hooks } = loading
  return { handlers: sorted, sessionHooks, hooks }
}

async function loadFolder(loading: Loading, folder: string, outer: Inherited): Promise<void> {
  const { root } = loading
  const entries = readFolder(folder)
  const declared = await loadNamed(root, folder, entries, '_options')
  const options = {
    ...outer.options,
    ...(declared && pickOptions(exportsOf(declared.loaded), declared.file))
  }
  const module = await loadNamed(root, folder, entries, '_hooks')
  const own = module && readHooks(module, folder === root, options)
  if (own !== undefined && folder === root) loading.hooks = own.hooks
  loading.sessionHooks.push(...(own?.handlers ?? []))
  const inherited = { options, filters: own?.filter ? [...outer.filters, own.filter] : outer.filters }
  for (const entry of entries) {
    if (entry.name.startsWith('_') || entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await loadFolder(loading, path, inherited)
    else if (isModule(entry)) await addModule(loading, relative(root, path), await load(path), inherited)
  }
}

async function addModule(
  { app, add }: Loading,
  file: string,
  loaded: Module,
  { options, filters }: Inherited
): Promise<void> {
  const prefix = routePrefix(file)
  for (const [name, { run, self }] of await findFunctions(loaded, file, app)) {
    add({
      route: `${prefix}.${name}`,
      file,
      options: { ...options, ...pickOptions(optionsOf(run), `${name} in ${file}`) },
      call: surround((body, session, context) => run.call(self, body, session, context), filters)
    })
  }
}

interface Found {
  // biome-ignore lint/suspicious/noExplicitAny: a handler's types are the game's own
  readonly run: (...args: any[]) => unknown
  readonly self: unknown
}

/**
 * Returns the handlers of a module by name: its named exports, and the methods of the object that its default
 * export is or makes.
 */
async function findFunctions(loaded: Module, file: string, app: HandlerApp): Promise<Map<string, Found>> {
  const found = new Map<string, Found>()
  const add = (name: string, value: unknown, self: unknown) => {
    if (typeof value !== 'function' || !isHandlerName(name) || isClass(value)) return
    const other = found.get(name)
    // CommonJS exports appear twice: by name, and as properties of the default export.
    if (other !== undefined && other.run !== value) {
      throw errors.handlersInvalid(`${file} exports two handlers named "${name}"`)
    }
    if (other === undefined) found.set(name, { run: value as Found['run'], self })
  }
  for (const object of await defaultObjects(loaded.default, file, app)) {
    for (const name of methodNames(object)) add(name, (object as Module)[name], object)
  }
  for (const name of Object.keys(loaded)) if (name !== 'default') add(name, loaded[name], undefined)
  // A default export that is a function should return an object of handlers. Otherwise it is most likely a
  // handler without a name.
  if (found.size === 0 && typeof loaded.default === 'function') {
    throw errors.handlersInvalid(
      `The default export of ${file} makes an object without handlers; a handler itself is a named export`
    )
  }
  return found
}

/** Returns the objects whose methods are the handlers of a default export. */
async function defaultObjects(defaultExport: unknown, file: string, app: HandlerApp): Promise<object[]> {
  if (typeof defaultExport === 'function') return [await make(defaultExport, file, app)]
  if (typeof defaultExport !== 'object' || defaultExport === null) return []
  // A compiled CommonJS module has its own default export inside the default export that Node adds.
  const { __esModule: isCompiled, default: inner, ...named } = defaultExport as Module
  return isCompiled === true ? [named, ...(await defaultObjects(inner, file, app))] : [defaultExport]
}

/** Creates the object of handlers from a default export that is a class or a factory. */
async function make(defaultExport: unknown, file: string, app: HandlerApp): Promise<object> {
  let made: unknown
  try {
    made = isClass(defaultExport as Function)
      ? new (defaultExport as new (app: HandlerApp) => object)(app)
      : await (defaultExport as (app: HandlerApp) => unknown)(app)
  } catch (error) {
    throw errors.handlersInvalid(`The default export of ${file} failed: ${describeFailure(error)}`)
  }
  if (typeof made !== 'object' || made === null) {
    throw errors.handlersInvalid(
      `The default export of ${file} must be a class, or a function that returns an object of handlers; it returned ${describeValue(made)}`
    )
  }
  return made
}

function isClass(value: Function): boolean {
  // A class in the style from before ES2015 is a function with more on its prototype than the constructor.
  return (
    /^class\b/.test(Function.prototype.toString.call(value)) ||
    Object.getOwnPropertyNames(value.prototype ?? {}).length > 1
  )
}

/** Returns the names of an object's own properties and of its classes' methods. */
function methodNames(object: object): Set<string> {
  const names = new Set(Object.keys(object))
  for (
    let proto = Object.getPrototypeOf(object);
    proto !== null && proto !== Object.prototype && proto !== Function.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (name !== 'constructor' && typeof property.value === 'function') names.add(name)
    }
  }
  return names
}

/** Whether a name may be a handler's. Names that begin with `_` are private; a route needs an identifier. */
function isHandlerName(name: string): boolean {
  return /^[\p{L}$][\p{L}\p{N}_$]*$/u.test(name) && name !== 'constructor'
}

/** The check of each route option, and the text that names its valid values in the error. */
const routeOptions: Readonly<
  Record<keyof RouteOptions, { readonly expected: string; isValid(value: unknown): boolean }>
> = {
  concurrent: { expected: 'true or false', isValid: value => typeof value === 'boolean' },
  affinity: {
    expected: "'uid' or a key of the settings",
    isValid: value => typeof value === 'string' && value !== ''
  },
  timeout: {
    expected: 'a whole number of milliseconds, 0 for none',
    isValid: value => Number.isInteger(value) && (value as number) >= 0
  },
  rateLimit: {
    expected: 'a number of requests a second, above 0',
    isValid: value => typeof value === 'number' && value > 0 && Number.isFinite(value)
  }
}

function pickOptions(from: Module | RouteOptions, where: string): RouteOptions {
  const given = from as Module
  const unknown = Object.keys(given).find(name => !Object.hasOwn(routeOptions, name))
  if (unknown !== undefined) {
    throw errors.handlersInvalid(
      `There is no option \`${unknown}\` (${where}); the options are ${Object.keys(routeOptions).join(', ')}`
    )
  }
  const picked: Record<string, unknown> = {}
  for (const [name, { expected, isValid }] of Object.entries(routeOptions)) {
    const value = given[name]
    if (value === undefined) continue
    if (!isValid(value)) {
      throw errors.handlersInvalid(
        `Expected \`${name}\` of ${where} to be ${expected}, got ${describeValue(value)}`
      )
    }
    picked[name] = value
  }
  return picked
}

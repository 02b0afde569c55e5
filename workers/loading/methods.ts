/**
 * Finds the handlers in a module's exports: which functions they are, by which name, and their `this`.
 * Whatever is not a handler and looks as if it was meant to be one is an error, or is reported.
 */
import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import { isThenable } from '../../shared/check.js'
import { errors, GatewayError } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import { isInstance } from '../../shared/text/instance.js'
import { isDeclared } from '../api/handler.js'
import type { HandlerApp } from './app.js'
import { readExports } from './exports.js'
import { describeFailure, type Module } from './modules.js'

/** A handler's function and its `this`. */
export interface Found {
  // biome-ignore lint/suspicious/noExplicitAny: a handler's types are the game's own
  readonly run: (...args: any[]) => unknown
  readonly self: unknown
}

export interface FoundInModule {
  readonly found: ReadonlyMap<string, Found>
  /** Names of functions that can't be handlers because of their names, without those that begin with `_`. */
  readonly misnamed: readonly string[]
  /** Names of exported classes. */
  readonly classes: readonly string[]
}

/**
 * Returns the handlers of a module by name: its named exports, and the methods of the object that its default
 * export is or makes.
 *
 * @throws `HANDLERS_INVALID`, which names the file
 */
export async function findFunctions(loaded: Module, file: string, app: HandlerApp): Promise<FoundInModule> {
  const { own, named } = readExports(loaded, file)
  const found = new Map<string, Found>()
  const misnamed = new Set<string>()
  const classes = new Set<string>()
  const add = (name: string, value: unknown, self: unknown) => {
    if (typeof value !== 'function' || name.startsWith('_')) return
    if (isClass(value)) return void classes.add(name)
    if (!isHandlerName(name)) return void misnamed.add(name)
    const other = found.get(name)
    // CommonJS exports appear twice: by name, and as properties of the default export.
    if (other !== undefined && other.run !== value) {
      throw errors.handlersInvalid(`${file} exports two handlers named "${name}"`)
    }
    if (other === undefined) found.set(name, { run: value as Found['run'], self })
  }
  const object = await makeObject(own, file, app)
  if (object !== undefined) {
    for (const name of methodNames(object)) add(name, (object as Module)[name], object)
  }
  // A default export that is a function should return an object of handlers. Otherwise it is most likely a
  // handler without a name.
  if (found.size === 0 && typeof own === 'function') {
    throw errors.handlersInvalid(
      `The default export of ${file} makes an object without handlers; a handler itself is a named export`
    )
  }
  for (const { names, self } of named) {
    for (const [name, value] of Object.entries(names)) add(name, value, self)
  }
  return { found, misnamed: [...misnamed], classes: [...classes] }
}

/** Returns the object whose methods are the handlers of a default export; undefined if there is none. */
async function makeObject(own: unknown, file: string, app: HandlerApp): Promise<object | undefined> {
  const given = types.isPromise(own) ? await attempt(file, async () => own) : own
  if (typeof given === 'function') return make(given, file, app)
  return typeof given === 'object' && given !== null ? expectNoPromise(given, file) : undefined
}

/** Creates the object of handlers from a default export that is a class or a factory. */
async function make(defaultExport: Function, file: string, app: HandlerApp): Promise<object> {
  if (isDeclared(defaultExport)) {
    throw errors.handlersInvalid(
      `The default export of ${file} is a handler without a name; a handler itself is a named export`
    )
  }
  const made = await attempt(file, async () =>
    isClass(defaultExport)
      ? expectNoPromise(new (defaultExport as new (app: HandlerApp) => object)(app), file)
      : (defaultExport as unknown as (app: HandlerApp) => unknown)(app)
  )
  if (typeof made !== 'object' || made === null) {
    throw errors.handlersInvalid(
      `The default export of ${file} must be a class, or a function that returns an object of handlers; it returned ${describeValue(made)}`
    )
  }
  return made
}

/** Refuses an object that `await` would take for a promise, because a handler is named `then`. */
function expectNoPromise(object: object, file: string): object {
  if (!isThenable(object)) return object
  throw errors.handlersInvalid(
    `The default export of ${file} has a handler named "then", which promises have`
  )
}

async function attempt<Value>(file: string, run: () => Promise<Value>): Promise<Value> {
  try {
    return await run()
  } catch (error) {
    if (isInstance(error, GatewayError)) throw error
    throw errors.handlersInvalid(`The default export of ${file} failed: ${describeFailure(error)}`)
  }
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
    proto !== null && !isOfPlatform(proto);
    proto = Object.getPrototypeOf(proto)
  ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (name !== 'constructor' && typeof property.value === 'function') names.add(name)
    }
  }
  return names
}

/** Whether a prototype is of JavaScript or Node. Methods of an Array or an EventEmitter are no handlers. */
function isOfPlatform(proto: object): boolean {
  if (proto === EventEmitter.prototype) return true
  const maker: unknown = Object.hasOwn(proto, 'constructor') ? proto.constructor : undefined
  return (
    typeof maker === 'function' && /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(maker))
  )
}

/** Whether a name may be a handler's: an identifier that can stand in a route, and not `default`. */
function isHandlerName(name: string): boolean {
  return /^[\p{L}$][\p{L}\p{N}_$]*$/u.test(name) && name !== 'constructor' && name !== 'default'
}

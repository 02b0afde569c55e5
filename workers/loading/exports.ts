/**
 * The exports of a module, as its author has written them, whichever module system it was compiled to.
 * Leaves to methods.ts which of them are handlers.
 *
 * Node gives a CommonJS module to `import` with its whole `module.exports` as the default export. The default
 * export that the author has written, `exports.default`, is inside. It is taken as such whether or not the
 * module marks itself with `__esModule`.
 */
import { types } from 'node:util'
import { errors } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import type { Module } from './modules.js'

/** Named exports that belong together, with the `this` of their functions. */
export interface NamedExports {
  readonly names: Module
  readonly self: unknown
}

export interface ModuleExports {
  /** The named exports. A name may occur twice, with one value. */
  readonly named: readonly NamedExports[]
  /** The default export; undefined if there is none. */
  readonly own: unknown
}

/**
 * Returns a module's named exports, and its default export apart.
 *
 * @throws `HANDLERS_INVALID` if two values claim to be the default export
 */
export function readExports({ default: given, ...rest }: Module, file: string): ModuleExports {
  const { own, named } = unwrap(given, file, [])
  return { own, named: [...named, { names: withoutMarks(rest), self: undefined }] }
}

/**
 * Returns all exports of a module by name, for modules whose default export is just another way to write
 * named ones. `what` says what they are.
 *
 * @throws `HANDLERS_INVALID` if the default export is no object, or if a name has two values
 */
export function readNames(loaded: Module, file: string, what: string): Module {
  const { own, named } = readExports(loaded, file)
  if (own !== undefined && (typeof own !== 'object' || own === null || types.isPromise(own))) {
    throw errors.handlersInvalid(
      `Expected the default export of ${file} to be an object of ${what}, got ${describeValue(own)}`
    )
  }
  const names: Record<string, unknown> = { ...own }
  for (const [name, value] of named.flatMap(each => Object.entries(each.names))) {
    if (Object.hasOwn(names, name) && names[name] !== value)
      throw errors.handlersInvalid(`${file} exports two values named "${name}"`)
    names[name] = value
  }
  return names
}

/** Takes `module.exports` apart into names and `exports.default`. Any other value is returned as `own`. */
function unwrap(given: unknown, file: string, around: readonly unknown[]): ModuleExports {
  const isFunction = typeof given === 'function'
  if ((!isFunction && typeof given !== 'object') || given === null) return { own: given, named: [] }
  if (!Object.hasOwn(given, 'default') && (isFunction || !isMarked(given))) return { own: given, named: [] }
  // A default export with other properties is an object of handlers, of which none may be named `default`.
  const isInner = around.length > 0 && !isFunction && !isMarked(given)
  if (isInner && Object.keys(given).length > 1) return { own: given, named: [] }
  const { default: inner, ...names } = given as Module
  // Many modules set `module.exports.default = module.exports`, to serve both ways of importing them.
  if (inner === given || around.includes(inner)) return { own: given, named: [] }
  if (isFunction) {
    if (!isObject(inner)) return { own: given, named: [] }
    throw errors.handlersInvalid(
      `${file} has two default exports: a function, and as its property \`default\` another ${typeof inner}. Export one of them`
    )
  }
  const self = isMarked(given) ? undefined : given
  const { own, named } = unwrap(inner, file, [...around, given])
  return { own, named: [{ names: withoutMarks(names), self }, ...named] }
}

function isMarked(exports: object): boolean {
  return (exports as { __esModule?: unknown }).__esModule === true
}

function isObject(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

/** Leaves out what compilers and Node add to the exports of a module. */
function withoutMarks({ __esModule: _mark, 'module.exports': _again, ...names }: Module): Module {
  return names
}

/**
 * Checks a client's rich body, `{"json":…,"meta":…}`, before superjson builds anything from it.
 * superjson builds whatever a text asks for: four kilobytes can make it reserve gigabytes. A body passes only
 * if superjson itself could have written it, and superjson then builds the value that its sender meant.
 *
 * The time and memory of the check, and of superjson for a body that passes, are bounded by a small multiple
 * of the text's length. This file knows nothing of superjson beyond its form.
 */
import { describeValue } from '../text/described.js'
import { wireErrors } from '../wire-errors.js'
import { maxAnnotationDepth, type RichForm } from './rich-form.js'
import { findFault } from './untrusted-kinds.js'

/** Maximum number of annotated values in one body. */
export const maxAnnotations = 10_000

type Json = Readonly<Record<string, unknown>>

/**
 * Parses and checks the text of a rich body.
 *
 * @throws `BODY_MALFORMED` with the reason, for any body that is not harmless
 */
export function parseUntrusted(text: string): RichForm {
  let form: unknown
  try {
    form = JSON.parse(text)
  } catch (error) {
    throw wireErrors.bodyMalformed(`not JSON (${(error as Error).message})`)
  }
  if (!isObject(form) || !Object.hasOwn(form, 'json')) {
    throw wireErrors.bodyMalformed(`expected {"json":…} or {"json":…,"meta":…}, got ${describeValue(form)}`)
  }
  expectKeys(form, ['json', 'meta'], 'the body')
  if (Object.hasOwn(form, 'meta')) new AnnotationCheck().inspect(form['json'], form['meta'])
  else if (!prototypeSpelled.test(text)) return form as unknown as RichForm
  expectNoPrototype(form['json'])
  return form as unknown as RichForm
}

/** Matches every text with a key `__proto__`: literally, or with one of its letters escaped. */
const prototypeSpelled = /__proto__|\\u00[567]/

/**
 * Refuses a key `__proto__`. JSON.parse makes an ordinary property of it, but when that is copied to another
 * object it sets the prototype.
 */
function expectNoPrototype(json: unknown): void {
  const waiting = [json]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '__proto__')) throw wireErrors.bodyMalformed('a key named __proto__')
    for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) waiting.push(each)
  }
}

class AnnotationCheck {
  #count = 0
  /** Objects and arrays that have an annotation. */
  readonly #annotated = new Set<object>()
  /** Objects and arrays that the path of an annotation has led through. */
  readonly #passed = new Set<object>()

  inspect(json: unknown, meta: unknown): void {
    if (!isObject(meta))
      throw wireErrors.bodyMalformed(`expected meta to be an object, got ${describeValue(meta)}`)
    if (Object.hasOwn(meta, 'referentialEqualities'))
      throw wireErrors.bodyMalformed('meta.referentialEqualities, which bodies may not have')
    expectKeys(meta, ['values', 'v'], 'meta')
    // Older versions escape paths differently.
    if (meta['v'] !== 1)
      throw wireErrors.bodyMalformed(`expected meta.v to be 1, got ${describeValue(meta['v'])}`)
    const values = Object.hasOwn(meta, 'values') ? meta['values'] : undefined
    if (Array.isArray(values)) this.#inspectTree(values, json, '', 0)
    else this.#inspectBranches(values, json, '', 0)
  }

  /** Checks annotations by path, relative to the value `from`. */
  #inspectBranches(branches: unknown, from: unknown, above: string, depth: number): void {
    if (!isObject(branches))
      throw wireErrors.bodyMalformed(`expected annotations by their paths, got ${describeValue(branches)}`)
    for (const [name, tree] of Object.entries(branches)) {
      const path = above === '' ? name : `${above}.${name}`
      if (!Array.isArray(tree)) throw refusal(path, `expected a list, got ${describeValue(tree)}`)
      const steps = splitPath(name)
      const below = depth + steps.length
      if (below > maxAnnotationDepth) throw refusal(path, `deeper than ${maxAnnotationDepth} levels`)
      this.#inspectTree(tree, this.#follow(steps, from, path), path, below)
    }
  }

  /** Checks the annotation of one value, `[kind]` or `[kind, branches]`, and those inside it. */
  #inspectTree(tree: readonly unknown[], value: unknown, path: string, depth: number): void {
    if (++this.#count > maxAnnotations)
      throw wireErrors.bodyMalformed(`more than ${maxAnnotations} values that are no JSON`)
    if (tree.length < 1 || tree.length > 2) throw refusal(path, 'expected [kind] or [kind, branches]')
    const [kind, branches] = tree
    const isBranched = tree.length === 2
    const container = typeof value === 'object' && value !== null ? value : undefined
    // superjson would, for example, find the finished Set where the path expects the array of its elements.
    if (container !== undefined && (this.#annotated.has(container) || this.#passed.has(container)))
      throw refusal(path, 'annotated apart from what is in it')
    const fault = findFault(kind, value, isBranched ? branches : undefined)
    if (fault !== undefined) throw refusal(path, fault)
    if (isBranched) this.#inspectBranches(branches, value, path, depth)
    if (container !== undefined) this.#annotated.add(container)
  }

  #follow(steps: readonly string[], from: unknown, path: string): unknown {
    let value = from
    for (const [index, step] of steps.entries()) {
      if (forbiddenSteps.has(step)) throw refusal(path, `a path may not have the step ${step}`)
      if (typeof value !== 'object' || value === null) throw refusal(path, 'there is no such value')
      if (index > 0) {
        if (this.#annotated.has(value)) throw refusal(path, 'annotated apart from what it is in')
        this.#passed.add(value)
      }
      if (Array.isArray(value) ? !isIndex(step, value.length) : !Object.hasOwn(value, step))
        throw refusal(path, 'there is no such value')
      value = (value as Json)[step]
    }
    return value
  }
}

const forbiddenSteps = new Set(['__proto__', 'constructor', 'prototype'])

/** Splits a path into its steps. In a path a backslash escapes a dot or a backslash of a key. */
function splitPath(path: string): string[] {
  if (!path.includes('\\')) return path.split('.')
  const steps: string[] = []
  let step = ''
  for (let i = 0; i < path.length; i++) {
    if (path[i] === '.') {
      steps.push(step)
      step = ''
      continue
    }
    if (path[i] === '\\' && path[++i] !== '.' && path[i] !== '\\')
      throw refusal(path, 'a backslash that escapes nothing')
    step += path[i]
  }
  steps.push(step)
  return steps
}

function isIndex(step: string, length: number): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(step) && Number(step) < length
}

function refusal(path: string, why: string): Error {
  return wireErrors.bodyMalformed(`${why}, at ${path === '' ? 'its top' : describeValue(path)}`)
}

function expectKeys(value: Json, known: readonly string[], what: string): void {
  const stray = Object.keys(value).find(key => !known.includes(key))
  if (stray !== undefined)
    throw wireErrors.bodyMalformed(
      `expected ${what} to have ${known.join(', ')}, got ${describeValue(stray)}`
    )
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

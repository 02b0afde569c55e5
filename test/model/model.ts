/** A model of a session in a few lines, and the random steps that are applied to it. */
import fc from 'fast-check'
import type { Acted, Seen, Step } from '../handlers/model/player.js'

export const uids = ['red', 'blue', '__proto__']

export interface Model {
  uid: string | null
  readonly settings: Map<string, unknown>
}

export function newModel(): Model {
  return { uid: null, settings: new Map() }
}

/**
 * Applies a step to a model. Returns the next model, and the code of the error with which the step must fail.
 */
function apply({ settings, ...model }: Model, step: Step): { next: Model; failed: string | undefined } {
  const next: Model = { ...model, settings: new Map(settings) }
  let failed: string | undefined
  switch (step.do) {
    case 'push':
      next.settings.set(step.key, step.value)
      break
    case 'pushAll':
      for (const [key, value] of step.pairs) next.settings.set(key, value)
      break
    case 'remove':
      next.settings.delete(step.key)
      break
    case 'update':
      next.settings.set(step.key, `${String(settings.get(step.key))}!`)
      break
    case 'commit':
      next.settings.set(step.key, step.value)
      next.settings.delete(step.removed)
      break
    case 'bind':
      if (model.uid !== null && model.uid !== step.uid) failed = 'UID_TAKEN'
      else next.uid = step.uid
      break
    case 'unbind':
      if (model.uid !== step.uid) failed = 'UID_NOT_BOUND'
      else next.uid = null
  }
  return { next, failed }
}

/**
 * Returns the possible states of a session after a step, from the possible states before it. Returns none if
 * the step ended in a wrong way. 'lost': its worker died, so the step may or may not have been done.
 */
export function after(possible: readonly Model[], step: Step, acted: Acted | 'lost'): Model[] {
  return possible.flatMap(before => {
    const { next, failed } = apply(before, step)
    if (acted === 'lost') return [before, next]
    return isSame(before, acted.seen) && failed === acted.failed ? [next] : []
  })
}

export function isSame({ uid, settings }: Model, seen: Seen): boolean {
  return show(uid, settings) === show(seen.uid, seen.settings)
}

export function show(uid: string | null, settings: Iterable<readonly [string, unknown]>): string {
  const sorted = [...settings].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${uid}: ${JSON.stringify(sorted, (_key, each) => (each === undefined ? 'undefined' : each))}`
}

const key = fc.constantFrom('a', 'b', '__proto__', 'toString')
const value = fc.oneof(fc.integer(), fc.string(), fc.constant(undefined), fc.date({ noInvalidDate: true }))
const does = <Name extends Step['do']>(name: Name) => fc.constant(name)

export const uid = fc.constantFrom(...uids)

/** All steps except a kick, which also ends other sessions. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: does('set'), key, value }),
  fc.record({ do: does('push'), key, value, awaited: fc.boolean() }),
  fc.record({ do: does('pushAll'), pairs: fc.array(fc.tuple(key, value), { maxLength: 3 }) }),
  fc.record({ do: does('remove'), key }),
  fc.record({ do: does('update'), key }),
  fc.record({ do: does('commit'), key, value, removed: key }),
  fc.record({ do: does('bind'), uid }),
  fc.record({ do: does('unbind'), uid })
)

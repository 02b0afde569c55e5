/** Values that JSON has no word for, kept in one request and looked at in another. */
import { deepStrictEqual } from 'node:assert'
import { type BackendSession, RequestError } from '../../../workers/index.js'

const values: Record<string, unknown> = {
  date: new Date(1_700_000_000_123),
  map: new Map<unknown, unknown>([
    ['a', 1],
    [{ deep: new Date(0) }, new Set([1n])]
  ]),
  set: new Set([1, 'b', null]),
  bigint: 2n ** 80n,
  undefined: undefined,
  nan: Number.NaN,
  minusZero: -0,
  infinity: Number.NEGATIVE_INFINITY,
  regexp: /a+b/giu,
  url: new URL('https://example.org/a?b=c#d'),
  buffer: Buffer.from('bytes'),
  uint8: new Uint8Array([1, 2, 255]),
  float64: new Float64Array([1.5, Number.NaN, -0]),
  bigUint64: new BigUint64Array([2n ** 63n]),
  nested: { list: [new Date(1), { map: new Map([['k', undefined]]) }], 'a.b': -0 }
}

const errors: Record<string, Error> = {
  rangeError: Object.assign(new RangeError('too far', { cause: new TypeError('wrong') }), { code: 'FAR' })
}

export async function keep(_body: unknown, session: BackendSession) {
  for (const [key, value] of Object.entries({ ...values, ...errors })) session.set(key, value)
  await session.apushAll()
}

/** The names of those that came back as what they were. */
export function compare(_body: unknown, session: BackendSession) {
  for (const [key, value] of Object.entries(values)) deepStrictEqual(session.get(key), value, key)
  const error = session.get('rangeError')
  deepStrictEqual(
    [error.constructor, error.name, error.message, error.code, error.cause.constructor, error.cause.message],
    [RangeError, 'RangeError', 'too far', 'FAR', TypeError, 'wrong']
  )
  return Object.keys(session.settings).sort()
}

/** What can't be kept, in the handler's own stack. */
export function refuse(_body: unknown, session: BackendSession) {
  session.set('bag', { items: [{ use() {} }] })
  try {
    session.push('bag')
  } catch (error) {
    const { code, message, stack } = error as Error & { code: string }
    throw new RequestError(code, message, { isInOwnStack: stack?.includes('refuse') })
  }
}

/**
 * The kinds of values that superjson alone would damage: bytes and Errors.
 * Registers how superjson writes them as text and builds them again. Used for settings only: another instance
 * of superjson, which knows none of these kinds, builds the bodies of clients.
 */
import { SuperJSON } from './superjson.js'

/** An instance of superjson that knows these kinds too. */
const superjson = new SuperJSON()

/** The form of a text with annotations: the JSON, and what superjson makes of its parts. */
type Form = Parameters<typeof superjson.deserialize>[0]

/** Whether the value that is being written has a circle. */
let isCircular = false

/**
 * Returns the text of a value.
 *
 * superjson restores a value that it met twice (equal NaNs and BigInts included) by assigning it again, which
 * reorders a Map's keys and loses some. Only a circle needs these assignments; without them, other values are
 * restored as equal copies.
 */
export function writeText(value: unknown, hasCircle: boolean): string {
  isCircular = hasCircle
  return writePart(value)
}

function writePart(value: unknown): string {
  const serialized = superjson.serialize(value)
  if (!isCircular) delete serialized.meta?.referentialEqualities
  return JSON.stringify(serialized)
}

/**
 * Builds the value of a text that `writeText` has made, from its form.
 *
 * @throws an Error for a form that it never makes, which asks for more memory than its text takes
 */
export function buildValue(form: Form): unknown {
  expectNoTypedArray(form.meta?.values)
  return superjson.deserialize(form)
}

function readPart(text: string): unknown {
  return buildValue(JSON.parse(text))
}

/**
 * Refuses superjson's own annotation of a typed array. Nobody here writes it, as bytes are a kind of their
 * own below. With a number in place of the list, superjson makes an array of that length: of gigabytes, for
 * the text of a worker that can't be trusted any more.
 */
function expectNoTypedArray(annotations: unknown): void {
  if (typeof annotations !== 'object' || annotations === null) return
  if (Array.isArray(annotations) && annotations[0] === 'typed-array')
    throw new TypeError('Expected the text of a value, got one with a typed array of any length')
  for (const each of Object.values(annotations)) expectNoTypedArray(each)
}

// Without this, superjson would lose the class of a typed array, and its NaNs.
const bytesByName = new Map<string, (copy: ArrayBuffer) => ArrayBufferView | ArrayBuffer>([
  ['ArrayBuffer', copy => copy],
  ['Buffer', copy => Buffer.from(copy)],
  ['DataView', copy => new DataView(copy)],
  ['Int8Array', copy => new Int8Array(copy)],
  ['Uint8Array', copy => new Uint8Array(copy)],
  ['Uint8ClampedArray', copy => new Uint8ClampedArray(copy)],
  ['Int16Array', copy => new Int16Array(copy)],
  ['Uint16Array', copy => new Uint16Array(copy)],
  ['Int32Array', copy => new Int32Array(copy)],
  ['Uint32Array', copy => new Uint32Array(copy)],
  ['Float32Array', copy => new Float32Array(copy)],
  ['Float64Array', copy => new Float64Array(copy)],
  ['BigInt64Array', copy => new BigInt64Array(copy)],
  ['BigUint64Array', copy => new BigUint64Array(copy)]
])

superjson.registerCustom<ArrayBufferView | ArrayBuffer, [name: string, base64: string]>(
  {
    isApplicable: isBytes,
    serialize: value => [value.constructor.name, asBuffer(value).toString('base64')],
    // Copied, because a small Buffer is a view of a pool that other Buffers share.
    deserialize: ([name, base64]) =>
      bytesByName.get(name)!(new Uint8Array(Buffer.from(base64, 'base64')).buffer)
  },
  'bytes'
)

// Without this, superjson would lose the class and the code of an Error.
const errorClasses = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(each => [
    each.name,
    each
  ])
)

superjson.registerCustom<Error, [name: string, message: string, code: string | null, cause: string | null]>(
  {
    isApplicable: (value): value is Error => value instanceof Error,
    serialize: error => [
      error.name,
      error.message,
      Object.hasOwn(error, 'code') ? writePart((error as { code?: unknown }).code) : null,
      Object.hasOwn(error, 'cause') ? writePart(error.cause) : null
    ],
    deserialize: ([name, message, code, cause]) => {
      const error = new (errorClasses.get(name) ?? Error)(
        message,
        cause === null ? undefined : { cause: readPart(cause) }
      )
      if (error.name !== name) error.name = name
      return code === null ? error : Object.assign(error, { code: readPart(code) })
    }
  },
  'error'
)

/** Whether a value is an ArrayBuffer or a view of one, of a class that is registered here. */
export function isBytes(value: unknown): value is ArrayBufferView | ArrayBuffer {
  return (
    (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) && bytesByName.has(value.constructor.name)
  )
}

function asBuffer(value: ArrayBufferView | ArrayBuffer): Buffer {
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value)
}

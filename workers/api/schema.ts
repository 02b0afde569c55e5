/**
 * Validates the bodies and replies of handlers with schemas of Standard Schema v1.
 * Any library that implements it may be used (zod, valibot, arktype …). The handler gets the schema's output.
 */

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { isThenable } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import { RequestError } from '../../shared/request-error.js'

/** A schema of any library that implements Standard Schema v1. */
export type Schema = StandardSchemaV1

/** The type that a client sends for this schema. */
export type SchemaInput<Of extends Schema> = StandardSchemaV1.InferInput<Of>
/** The type that a handler gets from this schema. */
export type SchemaOutput<Of extends Schema> = StandardSchemaV1.InferOutput<Of>

/**
 * A schema of a reply. A reply is sent unchanged, so the schema's output must be of its input's type; for any
 * other schema this type is a text that says so, which the compiler's message shows.
 */
export type SchemaOfReply<Of extends Schema | undefined> = Of extends Schema
  ? SchemaOutput<Of> extends SchemaInput<Of>
    ? Of
    : 'A reply is sent unchanged: its schema must not transform it'
  : Of

/** The type that a handler gets from a schema, or without one what the handler declares itself. */
export type OutputOr<Of extends Schema | undefined, Declared> = undefined extends Of
  ? Declared
  : SchemaOutput<Of & Schema>

/** What a handler returns for a schema of its reply, or without one what it does return. */
export type ReturnedFor<Of extends Schema | undefined, Returned> = undefined extends Of
  ? Returned
  : SchemaOutput<Of & Schema> | Promise<SchemaOutput<Of & Schema>>

/** The type that a client sends for a schema, or without one what the handler declares itself. */
export type InputOr<Of extends Schema | undefined, Declared> = undefined extends Of
  ? Declared
  : SchemaInput<Of & Schema>

/** One error in a body, as the client receives it. */
export interface BodyIssue {
  /** The keys and indexes from the top of the body. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Maximum number of issues, and maximum length of each: a body may have as many errors as it has bytes. */
const mostIssues = 20
const longestMessage = 200
const longestPath = 20
/**
 * Maximum characters of all issues, not counting the last. Paths are the client's own text, repeated in each
 * issue.
 */
const mostCharacters = 4_000

export function isSchema(value: unknown): value is Schema {
  const standard = (value as Partial<Schema> | null | undefined)?.['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

/**
 * Calls `next` with the schema's output for a body.
 *
 * @throws `BODY_INVALID`, with the issues as its data
 */
export function parseBody<Result>(schema: Schema, body: unknown, next: (parsed: unknown) => Result) {
  return validate(schema, body, next, issues => {
    const [first] = issues
    const { code, message } = errors.bodyInvalid(
      first === undefined ? 'its schema refuses it' : describe(first)
    )
    throw new RequestError(code, message, { issues })
  })
}

/**
 * Returns the reply unchanged if it fits the schema. A misfit is the game's fault, and the client receives no
 * details.
 */
export function expectReply(schema: Schema, reply: unknown): unknown {
  return validate(
    schema,
    reply,
    () => reply,
    issues => {
      throw new TypeError(`The reply does not fit its schema: ${issues.map(describe).join('; ')}`)
    }
  )
}

/** Validates synchronously if the schema does. */
function validate<Result>(
  schema: Schema,
  value: unknown,
  next: (parsed: unknown) => Result,
  refuse: (issues: readonly BodyIssue[]) => never
): Result | Promise<Result> {
  const judge = (result: StandardSchemaV1.Result<unknown>) =>
    result.issues === undefined ? next(result.value) : refuse(readIssues(result.issues))
  const result = schema['~standard'].validate(value)
  return isThenable(result)
    ? Promise.resolve(result).then(judge)
    : judge(result as StandardSchemaV1.Result<unknown>)
}

function readIssues(issues: readonly StandardSchemaV1.Issue[]): BodyIssue[] {
  const told: BodyIssue[] = []
  let characters = 0
  for (const issue of issues) {
    if (told.length === mostIssues || characters > mostCharacters) break
    const read = readIssue(issue)
    told.push(read)
    characters += describe(read).length
  }
  return told
}

function readIssue({ message, path = [] }: StandardSchemaV1.Issue): BodyIssue {
  return {
    // Copied, because a library's path may be of a class with another `slice` and `map` (as in arktype).
    path: Array.from(path, segment => {
      const key = typeof segment === 'object' ? segment.key : segment
      return typeof key === 'number' ? key : String(key).slice(0, longestMessage)
    }).slice(0, longestPath),
    message: message.slice(0, longestMessage)
  }
}

function describe({ path, message }: BodyIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}

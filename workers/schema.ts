/**
 * What a handler's body and reply must be, by a schema of any library that keeps to Standard Schema v1
 * (zod, valibot, arktype …). What a schema makes of a value is what the handler gets.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { errors, RequestError } from '../shared/errors.js'
import { isThenable } from './thenable.js'

export type Schema = StandardSchemaV1

/** What a client sends, for this schema; and what the handler gets. */
export type SchemaInput<Of extends Schema> = StandardSchemaV1.InferInput<Of>
export type SchemaOutput<Of extends Schema> = StandardSchemaV1.InferOutput<Of>

/** One thing that does not fit, as a client is told of it. */
export interface BodyIssue {
  /** From the body's top: names and indexes. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A client is told so many, each so long: a body may be wrong in as many places as it has bytes. */
const mostIssues = 20
const longestMessage = 200
const longestPath = 20

export function isSchema(value: unknown): value is Schema {
  const standard = (value as Partial<Schema> | null | undefined)?.['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

/**
 * Calls `next` with what the schema makes of a body.
 *
 * @throws `BODY_INVALID`, with the issues as its data
 */
export function parseBody<Result>(schema: Schema, body: unknown, next: (parsed: unknown) => Result) {
  return validate(schema, body, next, issues => {
    const { code, message } = errors.bodyInvalid(describe(issues[0]!))
    throw new RequestError(code, message, { issues })
  })
}

/** Gives the reply as it is, if it fits. It is our own fault if not, and so no error for the client. */
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

/** Goes on at once where the schema answers at once. */
function validate<Result>(
  schema: Schema,
  value: unknown,
  next: (parsed: unknown) => Result,
  refuse: (issues: readonly BodyIssue[]) => never
): Result | Promise<Result> {
  const judge = (result: StandardSchemaV1.Result<unknown>) =>
    result.issues === undefined
      ? next(result.value)
      : refuse(result.issues.slice(0, mostIssues).map(readIssue))
  const result = schema['~standard'].validate(value)
  return isThenable(result)
    ? Promise.resolve(result).then(judge)
    : judge(result as StandardSchemaV1.Result<unknown>)
}

function readIssue({ message, path = [] }: StandardSchemaV1.Issue): BodyIssue {
  return {
    path: path.slice(0, longestPath).map(segment => {
      const key = typeof segment === 'object' ? segment.key : segment
      return typeof key === 'number' ? key : String(key).slice(0, longestMessage)
    }),
    message: message.slice(0, longestMessage)
  }
}

function describe({ path, message }: BodyIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}

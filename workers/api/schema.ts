/**
 * What a handler's body and reply must be, by a schema of any library that keeps to Standard Schema v1
 * (zod, valibot, arktype …). What a schema makes of a value is what the handler gets.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { errors } from '../../shared/errors.js'
import { RequestError } from '../../shared/request-error.js'
import { isThenable } from '../runtime/thenable.js'

export type Schema = StandardSchemaV1

/** What a client sends, for this schema; and what the handler gets. */
export type SchemaInput<Of extends Schema> = StandardSchemaV1.InferInput<Of>
export type SchemaOutput<Of extends Schema> = StandardSchemaV1.InferOutput<Of>

/**
 * A schema of a reply. It only looks at the reply, which is then sent as it was: so what it gives must be what it takes.
 * A schema that makes something else of a value is none.
 */
export type SchemaOfReply<Of extends Schema> = SchemaOutput<Of> extends SchemaInput<Of> ? Of : never

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
/** Characters of all issues together, but for the last: paths are the client's own text, and the same one again and again. */
const mostCharacters = 4_000

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
    const [first] = issues
    const { code, message } = errors.bodyInvalid(
      first === undefined ? 'its schema refuses it' : describe(first)
    )
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
    // Made anew: a library's path may be of a class whose `slice` and `map` make something else (arktype's is).
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

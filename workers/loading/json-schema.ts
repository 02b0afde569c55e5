/**
 * Exports schemas of handlers as JSON Schema, where their library can: by Standard JSON Schema, by a method
 * `toJSONSchema` (newer zod) or `toJsonSchema` (arktype), or by the function `z.toJSONSchema` of the game's
 * own zod 4.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Characters of one exported schema: larger ones are left out. */
const longest = 65_536

/** A schema, with the members that one or the other library has. */
interface Exporting {
  readonly '~standard'?: {
    readonly vendor?: unknown
    readonly jsonSchema?: { readonly input?: (options: { readonly target: string }) => unknown }
  }
  readonly toJSONSchema?: (options?: object) => unknown
  readonly toJsonSchema?: () => unknown
}

type ToJsonSchema = (schema: unknown, options: object) => unknown

/** Creates a function that exports a schema as JSON text; undefined if its library can't. */
export async function createSchemaExport(folder: string): Promise<(schema: unknown) => string | undefined> {
  const zod = await findZod(folder)
  return schema => {
    for (const attempt of [exportStandard, exportByMethod, (each: Exporting) => exportByZod(each, zod)]) {
      const json = tryExport(() => attempt(schema as Exporting))
      if (json !== undefined) return json
    }
    return undefined
  }
}

const target = 'draft-2020-12'
const zodOptions = { target, io: 'input', unrepresentable: 'any' }

function exportStandard(schema: Exporting): unknown {
  return schema['~standard']?.jsonSchema?.input?.({ target })
}

function exportByMethod(schema: Exporting): unknown {
  return schema.toJSONSchema?.(zodOptions) ?? schema.toJsonSchema?.()
}

function exportByZod(schema: Exporting, zod: ToJsonSchema | undefined): unknown {
  return schema['~standard']?.vendor === 'zod' ? zod?.(schema, zodOptions) : undefined
}

/** Runs an exporter, which may throw for a schema that JSON Schema can't express. */
function tryExport(run: () => unknown): string | undefined {
  try {
    const exported = run()
    if (typeof exported !== 'object' || exported === null) return undefined
    const json = JSON.stringify(exported)
    return json.length > longest ? undefined : json
  } catch {
    return undefined
  }
}

/** Returns `z.toJSONSchema` of the zod that the game has installed; undefined if it has none. */
async function findZod(folder: string): Promise<ToJsonSchema | undefined> {
  try {
    const entry = createRequire(join(folder, 'index.js')).resolve('zod')
    const { toJSONSchema } = (await import(pathToFileURL(entry).href)) as { toJSONSchema?: ToJsonSchema }
    return toJSONSchema
  } catch {
    return undefined
  }
}

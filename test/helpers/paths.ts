/** Where the project's folder is, and what tests need of it. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder, seen from dist/test/helpers. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The path of a folder of `test/fixtures`. */
export function fixture(name: string): string {
  return join(root, 'test/fixtures', name)
}

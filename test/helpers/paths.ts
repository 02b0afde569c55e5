/** Paths of the project's folder, and of test fixtures in it. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder, seen from dist/test/helpers. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Returns the path of a folder in `test/fixtures`. */
export function fixture(name: string): string {
  return join(root, 'test/fixtures', name)
}

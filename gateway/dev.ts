/**
 * Development mode: runs TypeScript handlers without a build, and reloads them when a file is saved. Sessions
 * and sockets stay. If the new code does not load, the error is logged and the old code stays in use.
 */
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errors } from '../shared/errors.js'
import type { Gateway } from './gateway.js'
import { reloadHandlers } from './reloads.js'

/** Milliseconds to wait for further changes, since editors write a file in several steps. */
const settling = 50

/**
 * Returns the URLs of the modules through which workers register tsx, for ES modules and for CommonJS
 * modules. (With `--import` tsx would have no effect in workers: it registers itself in main threads only.)
 *
 * @throws `OPTION_INVALID`, if tsx is not installed
 */
export function findTypescriptLoaders(handlers: string): string[] {
  // Prefers the game's own tsx to the tsx that is installed beside the gateway.
  for (const from of [pathToFileURL(join(handlers, '_')), import.meta.url]) {
    const manifest = findManifest(from)
    if (manifest === undefined) continue
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8'))
    // Takes the ES form of both modules, because the form that `require.resolve` returns can't register in a
    // worker.
    return ['./esm/api', './cjs/api'].map(
      each => new URL(exports[each].import.default, pathToFileURL(manifest)).href
    )
  }
  throw errors.optionInvalid(
    'Development needs the package tsx to run TypeScript: npm install --save-dev tsx'
  )
}

function findManifest(from: URL | string): string | undefined {
  try {
    return createRequire(from).resolve('tsx/package.json')
  } catch {
    return undefined
  }
}

/** Reloads the gateway's handlers when a file below their folder changes. */
export function watchHandlers(gateway: Gateway): FSWatcher {
  let timer: NodeJS.Timeout | undefined
  return watch(gateway.options.handlers, { recursive: true }, () => {
    clearTimeout(timer)
    timer = setTimeout(() => void reloadHandlers(gateway), settling)
  })
}

/**
 * Development: TypeScript handlers without a build, and new workers with the new code when a file is saved. Sessions
 * and sockets stay. Code that does not load is shown, and the old goes on.
 */
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errors } from '../shared/errors.js'
import type { Gateway } from './gateway.js'
import { reloadHandlers } from './reloads.js'

/** Milliseconds to wait for more changes: editors write a file in several steps. */
const settling = 50

/**
 * Addresses of the interfaces by which workers let tsx load TypeScript, as ES and as CommonJS modules. (As a
 * `--import` of theirs it would do nothing: it registers itself in main threads only.)
 *
 * @throws `OPTION_INVALID`, if tsx is not installed
 */
export function findTypescriptLoaders(handlers: string): string[] {
  // The game's own tsx first, then one beside the gateway.
  for (const from of [pathToFileURL(join(handlers, '_')), import.meta.url]) {
    const manifest = findManifest(from)
    if (manifest === undefined) continue
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8'))
    // The ES form of each: what `require.resolve` would give can't register in a worker.
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

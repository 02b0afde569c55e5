/**
 * The hook of Node's module loader that reports imports, in the loader's own thread.
 * Only for versions of Node without `registerHooks`; loaded-files.ts registers it.
 */
import type { InitializeHook, ResolveHook } from 'node:module'
import type { MessagePort } from 'node:worker_threads'
import type { ImportReport } from './import-places.js'

let port: MessagePort | undefined

export const initialize: InitializeHook<{ port: MessagePort }> = data => {
  port = data.port
  port.unref()
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    const resolved = await next(specifier, context)
    report({ found: resolved.url })
    return resolved
  } catch (error) {
    report({ missed: specifier, parent: context.parentURL })
    throw error
  }
}

function report(what: ImportReport): void {
  port?.postMessage(what)
}

/**
 * Reports in development which files a worker loads, so that the gateway can watch them.
 * Leaves out installed packages and Node's own modules. A package of a workspace counts, since Node finds it
 * by its real path.
 */
import Module, * as module from 'node:module'
import { sep } from 'node:path'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import type { LoadedFiles } from '../../shared/link/hello.js'
import { fileOf, type ImportReport, placesOf } from './import-places.js'

const installed = `${sep}node_modules${sep}`

/** `node:module` with `registerHooks`, which Node has from 22.15 on. */
type WithHooks = {
  readonly registerHooks?: (hooks: {
    resolve(
      specifier: string,
      context: { readonly parentURL?: string },
      next: (specifier: string, context: object) => { readonly url: string }
    ): { readonly url: string }
  }) => void
}

/** Node's function that resolves `require`. It is no documented API, but loaders of TypeScript use it. */
type WithResolve = {
  _resolveFilename(request: string, parent: { readonly filename?: string } | null, ...rest: unknown[]): string
}

/** Reports every file that is loaded from now on, once. To be called after tsx has registered itself. */
export function reportLoadedFiles(send: (message: LoadedFiles) => void): { flush(): void } {
  const told = new Set<string>()
  const tell = (report: ImportReport) => {
    const isFound = 'found' in report
    const all = isFound ? [fileOf(report.found)] : placesOf(report.missed, report.parent)
    const isOwn = (path: string | undefined): path is string =>
      path !== undefined && !told.has(path) && !(isFound && path.includes(installed))
    const paths = all.filter(isOwn)
    if (paths.length === 0) return
    for (const path of paths) told.add(path)
    send({ kind: 'loaded', files: isFound ? paths : [], missing: isFound ? [] : paths })
  }
  const { registerHooks } = module as WithHooks
  if (registerHooks !== undefined) {
    registerHooks({
      resolve: (specifier, context, next) => {
        try {
          const resolved = next(specifier, context)
          tell({ found: resolved.url })
          return resolved
        } catch (error) {
          tell({ missed: specifier, parent: context.parentURL })
          throw error
        }
      }
    })
    return { flush: () => {} }
  }
  followRequire(tell)
  return followImports(tell)
}

function followRequire(tell: (report: ImportReport) => void): void {
  const loader = Module as unknown as WithResolve
  const resolveFilename = loader._resolveFilename
  loader._resolveFilename = function (request, parent, ...rest) {
    try {
      const found = resolveFilename.call(this, request, parent, ...rest)
      tell({ found })
      return found
    } catch (error) {
      tell({ missed: request, parent: parent?.filename })
      throw error
    }
  }
}

/**
 * Reports imports by a hook in the loader's thread. `flush` reports what that thread has sent but this one
 * has not read yet.
 */
function followImports(tell: (report: ImportReport) => void): { flush(): void } {
  const { port1, port2 } = new MessageChannel()
  module.register('./resolve-hook.js', import.meta.url, { data: { port: port2 }, transferList: [port2] })
  port1.on('message', tell)
  port1.unref()
  return {
    flush: () => {
      for (let got = receiveMessageOnPort(port1); got !== undefined; got = receiveMessageOnPort(port1))
        tell(got.message)
    }
  }
}

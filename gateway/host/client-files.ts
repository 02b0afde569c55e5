/**
 * Serves the modules of `sallyport/client` over HTTP, so that a page can import them without a build.
 *
 * All files are read once, at the start: the path of a request is never used as a file name.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { posix } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The root folder of all compiled modules. */
const compiled = new URL('../../', import.meta.url)

/** Matches an import from another package, but not in a line that is a comment. */
const bareImport = /^(?!\s*(?:\*|\/[*/]))(.*?\bfrom\s*)(['"])([@\w][\w./-]*)\2/gm

/** Files to serve, by their paths; all begin with `prefix`. */
interface Served {
  readonly prefix: string
  readonly files: Map<string, Buffer>
}

/**
 * Adds the modules of a folder. Also adds the packages that they import, and replaces the names of these
 * packages by their paths, since a browser cannot find a package by its name. These paths are relative, so
 * that a proxy may serve the gateway below a path of its own.
 */
function addFolder(served: Served, path: string, folder: URL): void {
  for (const { name } of readdirSync(folder, { withFileTypes: true })) {
    if (!name.endsWith('.js')) continue
    const file = new URL(name, folder)
    const text = readFileSync(file, 'utf8').replace(
      bareImport,
      (whole, from: string, quote: string, imported: string) => {
        const entry = imported.startsWith('node:') ? undefined : addPackage(served, imported, file)
        return entry === undefined ? whole : `${from}${quote}${posix.relative(path, entry)}${quote}`
      }
    )
    served.files.set(`${path}${name}`, Buffer.from(text))
  }
}

/** Adds the modules of a folder and of all below it. */
function addTree(served: Served, path: string, folder: URL): void {
  addFolder(served, path, folder)
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) addTree(served, `${path}${entry.name}/`, new URL(`${entry.name}/`, folder))
}

/**
 * Adds the package that `name` stands for in the module `importer`. Returns the path of the package's entry;
 * undefined if the package is not installed.
 */
function addPackage(served: Served, name: string, importer: URL): string | undefined {
  let entry: URL
  try {
    entry = pathToFileURL(createRequire(importer).resolve(name))
  } catch {
    return undefined
  }
  const { prefix, files } = served
  const path = `${prefix}packages/${name}/`
  const entryPath = `${path}${entry.pathname.split('/').at(-1)}`
  if (!files.has(entryPath)) {
    // Holds the place of the entry, so that packages which import each other are added once.
    files.set(entryPath, Buffer.alloc(0))
    addFolder(served, path, new URL('.', entry))
  }
  return entryPath
}

/**
 * Reads the client's modules, by the paths at which they are to be served: `PREFIXclient/index.js`, and what
 * it imports.
 *
 * @internal
 */
export function readClientFiles(prefix: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const folder of ['client', 'shared'])
    addTree({ prefix, files }, `${prefix}${folder}/`, new URL(`${folder}/`, compiled))
  // The client's entry for Node imports `ws`, which a page has no use for.
  files.delete(`${prefix}client/node.js`)
  return files
}

/**
 * Answers a request for one of the client's modules. Returns false, and does nothing, for any other request.
 */
export type ClientFiles = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Creates a function that answers requests for the client's modules: a page imports
 * `/sallyport/client/index.js`.
 *
 * @example
 * const serveClient = clientFiles()
 * const onHttpRequest = (request, response) =>
 *   serveClient(request, response) || answerOthers(request, response)
 */
export function clientFiles(): ClientFiles {
  const files = readClientFiles('/sallyport/')
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1)
    const content = files.get(path)
    if (content === undefined) return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { 'content-type': 'text/plain', allow: 'GET, HEAD' })
      response.end('A module can only be read.\n')
      return true
    }
    response.writeHead(200, {
      'content-type': 'text/javascript; charset=utf-8',
      'content-length': content.length,
      'x-content-type-options': 'nosniff',
      // The modules belong to this version of the gateway, so a page must revalidate them each time.
      'cache-control': 'no-cache'
    })
    // For a HEAD request Node sends only the headers.
    response.end(content)
    return true
  }
}

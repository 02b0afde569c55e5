/**
 * The files of the console's page: its own, those of uPlot, and the client's modules.
 *
 * All of them are read once, at the first request: the path of a request is never used as a file name.
 * Nothing here is secret, so that it needs no token.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { readClientFiles } from '../host/client-files.js'

/** The page's folder. It needs no build, so that it is not in the folder of compiled modules. */
const folder = new URL('../../../gateway/console/page/', import.meta.url)

/** Content types, by extension. Files of other types are not served. */
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8'
}

/** The files of the package uPlot that the page needs. */
const uPlotFiles = ['uPlot.esm.js', 'uPlot.min.css']

/**
 * The Content-Security-Policy of the page: its own scripts and styles only, in no frame. WebSockets to any
 * host are allowed, for the playground: the address for players may be on another host than the console.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** Answers a request for a file of the page. Returns false, and does nothing, if there is no such file. */
export type PageFiles = (request: IncomingMessage, response: ServerResponse, path: string) => boolean

/**
 * Creates a function that answers requests for the page. `path` is that below `/console/`: '' for the page
 * itself, `console.js`, `uplot/uPlot.esm.js`, `client/client/index.js`, and so on.
 */
export function createPageFiles(): PageFiles {
  let files: ReadonlyMap<string, Buffer> | undefined
  return (request, response, path) => {
    files ??= readPage()
    const name = path === '' ? 'index.html' : path
    const content = files.get(name)
    if (content === undefined) return false
    response.writeHead(200, {
      'content-type': types[extensionOf(name)],
      'content-length': content.length,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      // The files belong to this version of the gateway, so that a browser must revalidate them.
      'cache-control': 'no-cache'
    })
    // For a HEAD request Node sends only the headers.
    response.end(request.method === 'HEAD' ? undefined : content)
    return true
  }
}

function readPage(): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  addTree(files, '', folder)
  const { resolve } = createRequire(import.meta.url)
  for (const name of uPlotFiles) files.set(`uplot/${name}`, readFileSync(resolve(`uplot/dist/${name}`)))
  for (const [path, content] of readClientFiles('client/')) files.set(path, content)
  return files
}

/** Adds the files of a folder and of all below it. */
function addTree(files: Map<string, Buffer>, path: string, tree: URL): void {
  for (const entry of readdirSync(tree, { withFileTypes: true })) {
    if (entry.isDirectory()) addTree(files, `${path}${entry.name}/`, new URL(`${entry.name}/`, tree))
    else if (Object.hasOwn(types, extensionOf(entry.name)))
      files.set(`${path}${entry.name}`, readFileSync(new URL(entry.name, tree)))
  }
}

function extensionOf(name: string): string {
  return name.split('.').at(-1)!
}

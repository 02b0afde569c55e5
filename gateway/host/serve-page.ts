/**
 * Serves a game's page on the gateway's own port: the files of one folder, and the client's modules.
 *
 * Meant for development and small games; a web server or a CDN can do more. All files are read once, at the
 * start: the path of a request is never used as a file name.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clientFiles } from './client-files.js'

/** Content types of the files that are served, by extension. Files of other types are not served. */
const types: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.webp', 'image/webp']
])

/**
 * Creates a function that answers HTTP requests for a page: `index.html` of the folder for `/`, its other
 * files by their names (no folders below it), the client's modules below `/sallyport/`, and 404 for all else.
 *
 * @param folder the folder's URL, e.g. `new URL('./page/', import.meta.url)`
 * @example createGateway({ handlers, onHttpRequest: servePage(new URL('./page/', import.meta.url)) })
 */
export function servePage(folder: URL): (request: IncomingMessage, response: ServerResponse) => void {
  const serveClient = clientFiles()
  const files = readFiles(folder)
  return (request, response) => {
    if (serveClient(request, response)) return
    const file = files.get(decodePath((request.url ?? '').split('?', 1)[0]!))
    if (file === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such page.\n')
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { 'content-type': 'text/plain', allow: 'GET, HEAD' })
      response.end('The page can only be read.\n')
    } else {
      response.writeHead(200, {
        'content-type': file.type,
        'content-length': file.content.length,
        'content-security-policy': formatPolicy(request.headers.host),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache'
      })
      // For a HEAD request Node sends only the headers.
      response.end(file.content)
    }
  }
}

interface PageFile {
  readonly type: string
  readonly content: Buffer
}

function readFiles(folder: URL): Map<string, PageFile> {
  const files = new Map<string, PageFile>()
  const path = fileURLToPath(folder)
  for (const { name } of readdirSync(path, { withFileTypes: true }).filter(entry => entry.isFile())) {
    const type = types.get(extname(name))
    if (type === undefined) continue
    const file = { type, content: readFileSync(join(path, name)) }
    files.set(name === 'index.html' ? '/' : `/${name}`, file)
  }
  return files
}

/** Returns the path that a URL names, as `my map.png` for `my%20map.png`; a malformed one as it is. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/**
 * Returns the Content-Security-Policy of the page. It allows the page's own scripts, and connections to its
 * own gateway; an injected script has no effect.
 */
function formatPolicy(host = ''): string {
  // Some browsers do not apply 'self' to WebSockets. So their URLs are added, if the `Host` header is valid.
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : ''
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; ')
}

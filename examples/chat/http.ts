/**
 * Serves the chat's page: three files that are read once, at the start, and the client's modules. No path of a request
 * becomes a file's name.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { clientFiles } from 'sallyport'

// This module is compiled into dist/examples/chat; the page needs no build, and is read where it was written.
const folder = new URL('../../../examples/chat/page/', import.meta.url)

const files = new Map([
  ['/', { type: 'text/html', content: readFileSync(new URL('index.html', folder)) }],
  ['/chat.js', { type: 'text/javascript', content: readFileSync(new URL('chat.js', folder)) }],
  ['/chat.css', { type: 'text/css', content: readFileSync(new URL('chat.css', folder)) }]
])

const serveClient = clientFiles()

/** The gateway's option of that name: answers what opens no WebSocket. */
export function onHttpRequest(request: IncomingMessage, response: ServerResponse): void {
  if (serveClient(request, response)) return
  const file = files.get((request.url ?? '').split('?', 1)[0]!)
  if (file === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such page.\n')
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response
      .writeHead(405, { 'content-type': 'text/plain', allow: 'GET, HEAD' })
      .end('The page can only be read.\n')
  } else {
    response.writeHead(200, {
      'content-type': `${file.type}; charset=utf-8`,
      'content-length': file.content.length,
      'content-security-policy': formatPolicy(request.headers.host),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache'
    })
    // To a HEAD Node sends the headers only.
    response.end(file.content)
  }
}

/** The page runs its own script and talks to its own gateway. Whatever else would get into it does nothing. */
function formatPolicy(host = ''): string {
  // Not every browser takes 'self' for WebSockets too, so they are named; a host that is none is not.
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : ''
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; ')
}

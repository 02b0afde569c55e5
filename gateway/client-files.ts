/**
 * The modules of `sallyport/client` over HTTP, so that a page can import them without a build. They are read once, at the
 * start: no path of a request becomes a file's name.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Below which the modules are found. */
const prefix = '/sallyport/'

/** This module is compiled beside the folders that it serves. */
const compiled = new URL('../', import.meta.url)

/** Answers a request for one of the client's modules. Gives whether it was one; if not, nothing was done. */
export type ClientFiles = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Makes what answers requests for the client's modules: a page imports `/sallyport/client/index.js`.
 *
 * @example
 * const serveClient = clientFiles()
 * const onHttpRequest = (request, response) => serveClient(request, response) || answerOthers(request, response)
 */
export function clientFiles(): ClientFiles {
  const files = new Map<string, Buffer>()
  for (const folder of ['client', 'shared', 'shared/wire']) {
    for (const { name } of readdirSync(new URL(`${folder}/`, compiled), { withFileTypes: true })) {
      if (name.endsWith('.js'))
        files.set(`${prefix}${folder}/${name}`, readFileSync(new URL(`${folder}/${name}`, compiled)))
    }
  }
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
      // The modules belong to this gateway's version: a page asks each time whether they are still the same.
      'cache-control': 'no-cache'
    })
    // To a HEAD Node sends the headers only.
    response.end(content)
    return true
  }
}

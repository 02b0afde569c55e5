/**
 * The start page, which a gateway serves at its own address if the host serves no page.
 *
 * It calls routes, and shows replies and events. Meant for the first hour and for development: the option
 * `startPage` turns it off, and so does `NODE_ENV=production`.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { servePage } from './serve-page.js'

/** The files of the page. It needs no build, so they are not in the folder of compiled modules. */
const folder = new URL('../../../gateway/host/start-page/', import.meta.url)

/** The path of what the page says of the gateway, as JSON. */
const factsPath = '/start-page.json'

export interface StartPageInit {
  /** The gateway's name. */
  readonly name: string
  /** Whether the host decides who may connect, so that the page must ask for data before it connects. */
  readonly decidesWhoConnects: boolean
  readonly isDevelopment: boolean
  /** Returns the routes that clients may request now. */
  readonly listRoutes: () => readonly string[]
}

/**
 * Creates a function that answers HTTP requests with the start page. The page's files are read at the first
 * request.
 */
export function serveStartPage(
  init: StartPageInit
): (request: IncomingMessage, response: ServerResponse) => void {
  let serve: ReturnType<typeof servePage> | undefined
  return (request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead || request.url !== factsPath) {
      serve ??= servePage(folder)
      serve(request, response)
      return
    }
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store'
    })
    response.end(JSON.stringify(describe(init)))
  }
}

/**
 * Returns what the page says of the gateway. Names of routes are kept from strangers who may not connect. If
 * any client may connect, each is told of the routes in its handshake anyway.
 */
function describe({ name, decidesWhoConnects, isDevelopment, listRoutes }: StartPageInit) {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  const routes = listRoutes()
  return {
    name,
    version,
    decidesWhoConnects,
    routeCount: routes.length,
    routes: decidesWhoConnects && !isDevelopment ? [] : routes
  }
}

import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { clientFiles } from '../../../gateway/host/client-files.js'

const serveClient = clientFiles()
const server = createServer((request, response) => {
  if (!serveClient(request, response)) response.writeHead(404).end('not the client')
})

t.before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
t.teardown(() => server.close())

/** Sends a request whose path is left as it is. `fetch` would normalize it. */
async function ask(path: string, method = 'GET') {
  const { port } = server.address() as AddressInfo
  const asked = send({ host: '127.0.0.1', port, path, method }).end()
  const [response] = await once(asked, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, headers: response.headers, text }
}

t.test('the modules that a page needs are all there, and are scripts', async t => {
  // Imports are relative, for a proxy that serves the gateway below a path of its own.
  const queue = ['/sallyport/client/index.js']
  const seen = new Set<string>()
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const { status, headers, text } = await ask(path)
    t.equal(status, 200, path)
    t.match(headers, { 'content-type': /^text\/javascript/, 'x-content-type-options': 'nosniff' })
    for (const [, from] of text.matchAll(/^(?:im|ex)port .*from '([^']+)'/gm)) {
      t.match(from, /^\./, path)
      queue.push(new URL(from!, `http://gateway${path}`).pathname)
    }
  }
  t.ok(seen.size > 10)
  t.notOk(
    [...seen].some(path => path.includes('/packages/sallyport/')),
    'an import in a comment is none'
  )
})

t.test('what is no module of the client is left to others', async t => {
  for (const path of [
    '/',
    '/sallyport/',
    '/sallyport/client',
    '/sallyport/client/',
    '/sallyport/gateway/program/main.js',
    '/sallyport/client/../gateway/program/main.js',
    '/sallyport/client/%2e%2e/gateway/program/main.js',
    '/sallyport/../../package.json',
    '/sallyport/client/__proto__',
    '/sallyport/client/index.d.ts',
    '/sallyport/client/node.js'
  ]) {
    t.match(await ask(path), { status: 404, text: 'not the client' }, path)
  }
})

t.test('a module can be asked about, and not be changed', async t => {
  const path = '/sallyport/client/index.js?v=1'
  const { status, headers, text } = await ask(path, 'HEAD')
  t.same([status, text], [200, ''])
  t.ok(Number(headers['content-length']) > 0)
  t.match(await ask(path, 'PUT'), { status: 405, headers: { allow: 'GET, HEAD' } })
})

/** The files of the console's page, as they are served. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createPageFiles } from '../../../gateway/console/page-files.js'
import { listFiles, readText } from '../../helpers/sources.js'

const mostLines = 300

async function serve(t: Test): Promise<string> {
  const servePage = createPageFiles()
  const server = createServer((request, response) => {
    const path = request.url!.slice('/console/'.length)
    if (!servePage(request, response, path)) response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/console/`
}

t.test('each module of the page, and what it imports, is served', async t => {
  const url = await serve(t)
  const queue = ['console.js', 'client/client/index.js', 'player/slow-socket-worker.js']
  const seen = new Set<string>()
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const answer = await fetch(new URL(path, url))
    t.equal(answer.status, 200, path)
    t.match(answer.headers.get('content-type'), /^text\/javascript/)
    const text = (await answer.text()).replace(/\/\*[\s\S]*?\*\//g, '')
    const named = [...text.matchAll(/(?:^|\n)(?:import|export)[^'"]*?from '([^']+)'/g)].map(
      ([, from]) => from!
    )
    const places = [...text.matchAll(/(?:const place = |new URL\()'(\.[^']+)'/g)].map(([, from]) => from!)
    for (const from of [...named, ...places])
      queue.push(new URL(from, new URL(path, url)).pathname.slice('/console/'.length))
  }
  t.ok(seen.has('uplot/uPlot.esm.js'), 'uPlot')
  t.ok(seen.has('views/playground.js'))
  t.ok(
    [...seen].some(path => path.startsWith('client/packages/superjson/')),
    'the packages of the client'
  )
  const modules = listFiles('gateway/console/page').filter(path => path.endsWith('.js'))
  const unused = modules
    .map(path => path.slice('gateway/console/page/'.length))
    .filter(path => !seen.has(path) && path !== 'theme.js')
  t.same(unused, [], 'no module is imported by nobody')
})

t.test('the page itself names only files that are served, and nothing elsewhere', async t => {
  const url = await serve(t)
  const page = await fetch(url)
  t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  const text = await page.text()
  const links = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link]) => link!)
  const files = links.filter(link => !link.startsWith('data:'))
  t.ok(files.length >= 5)
  for (const file of files) {
    t.match(file, /^\.\//, 'relative, for a proxy with a path of its own')
    t.equal((await fetch(new URL(file, url))).status, 200, file)
  }
  t.notMatch(text, /\son\w+=|style="/, 'neither scripts nor styles within it, which the policy forbids')
  const policy = page.headers.get('content-security-policy')!
  t.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
  t.match(policy, /frame-ancestors 'none'/)
  t.notMatch(policy, /unsafe/)
})

t.test('nothing else is served', async t => {
  const url = await serve(t)
  for (const path of [
    'tsconfig.json',
    'console-api.ts',
    'client/client/node.js',
    '..%2fpage-files.js',
    'uplot/LICENSE'
  ])
    t.equal((await fetch(url + path)).status, 404, path)
  const head = await fetch(url, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(await head.text(), '')
})

t.test(`no file of the page is longer than ${mostLines} lines, beside its styles`, async t => {
  const files = listFiles('gateway/console/page').filter(path => /\.(js|html)$/.test(path))
  t.ok(files.length > 20)
  t.same(
    files.filter(path => readText(path).split('\n').length > mostLines + 1),
    []
  )
})

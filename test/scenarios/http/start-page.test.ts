/** The start page as HTTP serves it: when, what, and what it tells a stranger. */
import t, { type Test } from 'tap'
import type { GatewayOptions } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { startProgram, waitForAddress } from '../../helpers/program.js'

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const { gateway } = await startGateway(t, 'wire', { workers: 1, ...options })
  const url = gateway.url.replace('ws:', 'http:')
  const readFacts = async () =>
    (await (await fetch(`${url}/start-page.json`)).json()) as Record<string, unknown>
  return { gateway, url, readFacts }
}

t.test(
  'a gateway without a page of its host serves the start page, which loads nothing from elsewhere',
  async t => {
    const { url } = await start(t)
    const page = await fetch(url)
    t.equal(page.status, 200)
    const html = await page.text()
    t.match(html, /<title>Sallyport</)
    const policy = page.headers.get('content-security-policy')!
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'"
    ])
      t.ok(policy.includes(rule), policy)
    t.notMatch(policy, /unsafe|\*/)
    t.equal(page.headers.get('cache-control'), 'no-cache')
    t.equal(page.headers.get('x-content-type-options'), 'nosniff')
    const links = [...html.matchAll(/(?:src|href)="(?!data:)([^"]*)"/g)].map(([, link]) => link!)
    t.same(
      links,
      ['./start-page.css', './start-page.js'],
      'relative, for a proxy that serves it below a path'
    )
    for (const link of [...links, './sallyport/client/index.js'])
      t.equal((await fetch(new URL(link, url))).status, 200, link)
  }
)

t.test('it can be read, and nothing else is there', async t => {
  const { url } = await start(t)
  for (const path of ['/', '/start-page.json']) {
    const head = await fetch(`${url}${path}`, { method: 'HEAD' })
    t.same([head.status, await head.text()], [200, ''], path)
  }
  for (const path of ['/index.html', '/any', '/start-page.json/', '/../package.json'])
    t.equal((await fetch(`${url}${path}`)).status, 404, path)
  const posted = await fetch(url, { method: 'POST', body: 'x' })
  t.same([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD'])
  t.equal((await fetch(`${url}/start-page.json`, { method: 'POST' })).status, 404)
})

t.test('it tells the routes to whom a handshake would tell them too, and their number to all', async t => {
  const open = await start(t, { frontendId: 'red' })
  const routes = open.gateway.routes.map(({ route }) => route)
  const { version, ...facts } = await open.readFacts()
  t.match(String(version), /^\d+\.\d+\.\d+/)
  t.same(facts, { name: 'red', decidesWhoConnects: false, routeCount: routes.length, routes })
  for (const hook of [
    { authenticate: () => ({ accept: true }) as const },
    { onHandshake: () => ({ accept: true }) as const }
  ]) {
    const { readFacts } = await start(t, hook)
    t.match(await readFacts(), { decidesWhoConnects: true, routeCount: routes.length })
    t.same((await readFacts())['routes'], [])
  }
})

t.test('where the host answers HTTP requests, or it is off, there is no start page', async t => {
  const { url } = await start(t, { onHttpRequest: (_request, response) => void response.end('the game') })
  for (const path of ['/', '/start-page.json', '/start-page.js'])
    t.equal(await (await fetch(`${url}${path}`)).text(), 'the game')
  const { url: plain } = await start(t, { startPage: 'off' })
  for (const path of ['/', '/start-page.json', '/start-page.js', '/sallyport/client/index.js'])
    t.equal((await fetch(`${plain}${path}`)).status, 426)
})

for (const [title, env, args, isOn] of [
  ['without NODE_ENV', { NODE_ENV: '' }, [], true],
  ['in production', { NODE_ENV: 'production' }, [], false],
  ['in production, if a flag says so', { NODE_ENV: 'production' }, ['--start-page', 'on'], true],
  ['with the variable', { NODE_ENV: '', SALLYPORT_START_PAGE: 'off' }, [], false]
] as const) {
  t.test(
    `${title} the program ${isOn ? 'serves it, and says where' : 'serves no page, and names none'}`,
    async t => {
      const program = startProgram(t, { handlers: 'exports.ping = () => 1', env, args })
      const url = (await waitForAddress(program)).replace('ws:', 'http:')
      t.equal((await fetch(url)).status, isOn ? 200 : 426)
      t.equal(
        program.out.includes(`Open it in a browser to call these routes:\n    ${url}/\n`),
        isOn,
        program.out
      )
    }
  )
}

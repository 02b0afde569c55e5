/** The console of a cluster in a real browser: two gateways, of which only one has a console. */
import t from 'tap'
import { startBrowser, whyNoBrowser } from '../../helpers/browser.js'
import { startCluster } from '../../helpers/cluster.js'
import { client, token } from '../../helpers/console-client.js'
import { until } from '../../helpers/until.js'

t.test('the console of a cluster', async t => {
  const cluster = await startCluster(t, 'session', {
    options: { cluster: 'game', nats: 'nats://given', internalPort: 'off' },
    optionsOf: name => (name === 'a' ? { internalPort: 0, consoleToken: token } : {})
  })
  const [a, b] = cluster.gateways as [(typeof cluster.gateways)[0], (typeof cluster.gateways)[0]]
  const { url } = a.gateway.console!
  const api = client(url)
  const ann = await a.connect()
  const bob = await b.connect()
  await ann.request('own.bind', 'ann')
  await bob.request('own.bind', 'bob')

  await t.test('a session of the other gateway is found, shown and unbound by the API', async t => {
    const { body: own } = await api.get('api/sessions?query=b')
    t.same([own.total, own.sessions.length], [1, 0], 'by default the search is in this gateway')
    const { body: all } = await api.get('api/sessions?query=bob&gateways=all')
    t.equal(all.total, 2)
    t.same(all.silent, [])
    const [found] = all.sessions
    t.match(found, { uid: 'bob', frontendId: 'b', connected: true })
    t.match((await api.get(`api/sessions/${found.sid}`)).body, { frontendId: 'b', protocol: 'json' })
    t.equal((await api.post(`api/sessions/${found.sid}/unbind`)).status, 200)
    t.match(await api.post(`api/sessions/${found.sid}/unbind`), { status: 409 })
    await bob.request('own.bind', 'bob')
    const [entry] = (await api.get('api/audit')).body.entries.slice(-1)
    t.match(entry, { action: 'unbind', to: `session ${found.sid} of bob`, result: 'done' })
    t.match(await api.get('api/sessions/1'), { status: 404, body: { error: { code: 'NOT_FOUND' } } })
    t.match(await api.get('api/sessions?gateways=some'), { status: 400 })
  })

  await t.test('the metrics have the cluster, and those of a gateway alone do not', async t => {
    const text = await (await fetch(new URL('/metrics', a.gateway.internalUrl))).text()
    t.match(text, /^sallyport_cluster_up 1$/m)
    t.match(text, /^sallyport_cluster_peers 1$/m)
  })

  await t.test('in Chromium', { skip: whyNoBrowser() }, async t => {
    const browser = await startBrowser(t)
    const page = await browser.newPage({ viewport: { width: 1_400, height: 900 } })
    page.setDefaultTimeout(20_000)
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(String(error)))
    await page.goto(`${url}#token=${encodeURIComponent(token)}`)

    await t.test('the view shows the gateways, the links, claims and moves', async t => {
      await page.getByRole('link', { name: 'Cluster' }).click()
      await page.getByText('2 gateways in “game”').waitFor()
      const rows = page.getByRole('table', { name: 'Gateways', exact: true }).getByRole('row')
      await rows.filter({ hasText: 'a (this one)' }).getByText('up', { exact: true }).waitFor()
      await rows.filter({ hasText: /^b/ }).getByText('up', { exact: true }).waitFor()
      const links = page.getByRole('table', { name: 'Links from this gateway' }).getByRole('row')
      await links.filter({ hasText: /^b/ }).getByText('open', { exact: true }).waitFor()
      await page.getByRole('region', { name: 'Claims of users' }).getByText('Held').waitFor()
      await page.getByRole('region', { name: 'Moves' }).getByText('Came here').waitFor()
      for (const width of [360, 1_400]) {
        await page.setViewportSize({ width, height: 740 })
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${width} px`)
      }
    })

    await t.test('a player of the other gateway is found and kicked', async t => {
      await page.getByRole('link', { name: 'Sessions' }).click()
      await page.getByRole('searchbox', { name: 'Search' }).fill('bob')
      const row = page.getByRole('row').filter({ hasText: 'bob' })
      await row.getByRole('cell', { name: 'b', exact: true }).waitFor()
      const gateways = page.getByRole('combobox', { name: /^On/ })
      await gateways.selectOption('own')
      await page.getByText('No session is found.').waitFor()
      await gateways.selectOption('all')
      await row.getByRole('link').click()
      await page.getByRole('heading', { level: 2, name: 'bob' }).waitFor()
      await page.getByRole('button', { name: 'Kick …' }).click()
      await page.getByRole('dialog').getByLabel('Reason').fill('Enough')
      await page.getByRole('dialog').getByRole('button', { name: 'Kick', exact: true }).click()
      t.match(await bob.closed, { code: 4500, reason: 'Enough' })
    })

    await t.test('a gateway that has gone is gone from the view', async t => {
      await page.getByRole('link', { name: 'Cluster' }).click()
      await b.gateway.close()
      await page.getByText('1 gateway in “game”').waitFor()
      await page.getByText('None: there is no other gateway.').waitFor()
      t.same(complaints, [])
    })
  })
  await until('the own session is still there', () => a.gateway.sessions.getSessionsCount() === 1)
})

/** The pages that a gateway serves from a folder of the game. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { servePage } from '../../../gateway/host/serve-page.js'

t.test('a page serves each file under its name, whatever that is, and nothing else', async t => {
  const folder = t.testdir()
  for (const name of ['index.html', 'my map.png', 'größe.json', 'a#b%2f?.css', 'constructor', 'x.toString'])
    writeFileSync(join(folder, name), name)
  const server = createServer(servePage(pathToFileURL(folder)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const get = async (path: string) => {
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    return [answer.status, answer.headers.get('content-type'), await answer.text()]
  }
  t.same(await get('/?x=1'), [200, 'text/html; charset=utf-8', 'index.html'])
  t.same(await get('/my%20map.png'), [200, 'image/png', 'my map.png'])
  t.same(await get('/gr%C3%B6%C3%9Fe.json'), [200, 'application/json', 'größe.json'])
  t.same(await get(`/${encodeURIComponent('a#b%2f?.css')}`), [200, 'text/css; charset=utf-8', 'a#b%2f?.css'])
  for (const path of ['/constructor', '/x.toString', '/%', '/..%2fpackage.json'])
    t.same(await get(path), [404, 'text/plain', 'There is no such page.\n'])
})

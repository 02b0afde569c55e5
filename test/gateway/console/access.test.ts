/** Who is let in to the console: cookies of several gateways, tokens, and headers of proxies. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import t from 'tap'
import { Access } from '../../../gateway/console/access.js'

const token = 'the token of this test'

function request(headers: IncomingHttpHeaders): IncomingMessage {
  return { method: 'GET', headers, socket: { remoteAddress: '127.0.0.1' } } as unknown as IncomingMessage
}

function createAccess(frontendId = 'gateway-1'): Access {
  return new Access({ token, frontendId, log: { warn() {} }, monotonic: () => 0 })
}

/** Logs in by a host. Returns what the browser keeps. */
function logIn(access: Access, host: string): string {
  return access.login(request({ host }), token).cookie
}

t.test('the cookie is for the path by which the page calls the API, whatever a proxy calls it', async t => {
  t.notMatch(logIn(createAccess(), '127.0.0.1:3011'), /path|domain/i)
  t.notMatch(createAccess().logout(request({ host: '127.0.0.1:3011' })), /path|domain/i)
})

t.test('gateways of the same name and host have cookies of different names, by their ports', async t => {
  const [first, second] = [createAccess(), createAccess()]
  const jar = new Map([
    ['first', logIn(first, 'localhost:3011')],
    ['second', logIn(second, 'localhost:3012')],
    ['third', logIn(createAccess('gateway-3'), 'localhost:3011')]
  ])
  const names = [...jar.values()].map(cookie => cookie.split('=', 1)[0])
  t.equal(new Set(names).size, 3)
  const cookie = [...jar.values()].map(each => each.split(';', 1)[0]).join('; ')
  t.match(first.admit(request({ host: 'localhost:3011', cookie })), { by: '127.0.0.1 (login 1)' })
  t.match(second.admit(request({ host: 'localhost:3012', cookie })), { by: '127.0.0.1 (login 1)' })
  t.match(
    second.logout(request({ host: 'localhost:3012', cookie })),
    new RegExp(`^${names[1]}=;.*Max-Age=0$`),
    'a logout clears its own'
  )
  t.throws(() => second.admit(request({ host: 'localhost:3012', cookie })), { code: 'UNAUTHORIZED' })
  t.match(first.admit(request({ host: 'localhost:3011', cookie })), { by: '127.0.0.1 (login 1)' })
})

t.test('the header of a proxy is no attempt at the token, and the cookie counts beside it', async t => {
  const access = createAccess()
  const host = 'localhost:3011'
  const [cookie] = logIn(access, host).split(';', 1)
  for (const authorization of ['Basic b3BzOnNlY3JldA==', 'Negotiate YII=', 'Bearers x', token])
    for (let i = 0; i < 12; i++) {
      t.match(access.admit(request({ host, cookie, authorization })), { by: '127.0.0.1 (login 1)' })
      t.throws(() => access.admit(request({ host, authorization })), { code: 'UNAUTHORIZED' })
    }
  t.match(access.admit(request({ authorization: `bearer  ${token}` })), { by: '127.0.0.1 (token)' })
  for (let i = 0; i < 10; i++)
    t.throws(() => access.admit(request({ host, cookie, authorization: ['Bearer', 'Bearer x'][i % 2] })), {
      code: 'UNAUTHORIZED'
    })
  t.throws(() => access.admit(request({ authorization: `Bearer ${token}` })), { code: 'TOO_MANY_ATTEMPTS' })
})

t.test('a page of its own may call it, also where a proxy changes the host, and no other page', t => {
  const access = createAccess()
  const host = '127.0.0.1:3011'
  const page = 'https://ops.example'
  for (const headers of [
    { host },
    { host, origin: `http://${host}` },
    { host, origin: `https://${host}`, 'sec-fetch-site': 'none' },
    { host, origin: page, 'sec-fetch-site': 'same-origin' }
  ] as const)
    t.doesNotThrow(() => access.expectOwnOrigin(request(headers)))
  for (const headers of [
    { host, origin: page },
    { host, origin: 'null' },
    { host, origin: page, 'sec-fetch-site': 'none' },
    { host, origin: `http://${host}`, 'sec-fetch-site': 'cross-site' },
    { host, 'sec-fetch-site': 'same-site' }
  ] as const)
    t.throws(() => access.expectOwnOrigin(request(headers)), { code: 'FORBIDDEN_ORIGIN' })
  t.end()
})

/** Leftovers of a run are found, by their kind. */
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import t from 'tap'
import { findLeftovers, takeStock, waitForNoLeftovers } from '../helpers/leftovers.js'

t.test(
  'a timer, a listener, a server and a file that are left over are named, and nothing else is',
  async t => {
    const before = takeStock()
    t.same(findLeftovers(before), [])
    const timer = setTimeout(() => {}, 60_000)
    const onWarning = () => {}
    process.on('warning', onWarning)
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const file = await open(process.execPath)
    const left = findLeftovers(before)
    for (const name of ['1 Timeout', "1 listeners of the process' warning", '1 TCPServerWrap'])
      t.ok(left.includes(name), `${name} of ${left}`)
    if (process.platform === 'linux') {
      t.ok(left.includes('1 open socket'), `${left}`)
      t.ok(left.includes(`1 open ${process.execPath}`), `${left}`)
    }
    clearTimeout(timer)
    process.off('warning', onWarning)
    server.close()
    await file.close()
    t.same(await waitForNoLeftovers(before), [])
  }
)

t.test('the wait for leftovers to go is limited', async t => {
  const before = takeStock()
  const timer = setTimeout(() => {}, 60_000)
  t.same(await waitForNoLeftovers(before, 50), ['1 Timeout'])
  clearTimeout(timer)
})

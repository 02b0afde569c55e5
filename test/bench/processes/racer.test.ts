import t from 'tap'
import type { Contender } from '../../../bench/cases/case.js'
import { Racer } from '../../../bench/processes/racer.js'
import { until } from '../../helpers/until.js'

const contender = (options: object): Contender => ({
  name: 'gateway',
  file: 'servers/gateway',
  args: [JSON.stringify(options)],
  work: {} as Contender['work']
})

/** Returns the number of child processes that are running. */
function children(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'ProcessWrap').length
}

t.test('a contender that can not start fails whoever wants it, and leaves no process', async t => {
  await t.rejects(Racer.start(contender({ noSuch: 1 })), { message: /There is no option `noSuch`/ })
  await until('its process is gone', () => children() === 0)
})

t.test('one that starts can be asked, and ends when it is told to', async t => {
  const racer = await Racer.start(contender({ workers: 1 }))
  t.ok(racer.port > 0)
  t.ok((await racer.ask<number>('memory')).result > 2 ** 20)
  t.equal(children(), 1)
  await racer.end()
  await until('its process is gone', () => children() === 0)
})

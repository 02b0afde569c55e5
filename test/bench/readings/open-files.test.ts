import t from 'tap'
import { expectOpenFiles } from '../../../bench/readings/open-files.js'

t.test('more connections than a process may open files are refused, with what to do', async t => {
  t.throws(() => expectOpenFiles({ sockets: 10_000 }, 4_096), {
    message:
      '10,000 connections need 10,200 open files, and a process may have 4,096 here: ' +
      'raise the limit in this shell (ulimit -n 10200)'
  })
  t.throws(() => expectOpenFiles({ sockets: 10_000, instead: 'ask for fewer by --connections' }, 10_199), {
    message: /\(ulimit -n 10200\), or ask for fewer by --connections$/
  })
})

t.test('as many as there is room for are not', async t => {
  t.doesNotThrow(() => expectOpenFiles({ sockets: 10_000 }, 10_200))
  t.doesNotThrow(() => expectOpenFiles({ sockets: 10_000 }, Number.POSITIVE_INFINITY))
})

t.test("the limit is this process's own, if nobody says otherwise", async t => {
  t.doesNotThrow(() => expectOpenFiles({ sockets: 1 }))
  t.throws(() => expectOpenFiles({ sockets: 10 ** 12 }), { message: /need 1,000,000,000,200 open files/ })
})

/** The start of a load. */
import t from 'tap'
import { untilLoaded } from '../../../tools/load/run-load.js'

t.test('a scenario whose file is never loaded is told of', async t => {
  await untilLoaded(Promise.resolve())
  await t.rejects(untilLoaded(new Promise(() => {}), 1), {
    code: 'OPTION_INVALID',
    message: /^The scenario is not loaded after 1 ms: its file waits for a promise at its top/
  })
  await t.rejects(untilLoaded(Promise.reject(new Error('no such file')), 1), { message: 'no such file' })
})

import t from 'tap'
import { Heartbeat } from '../../../client/conversation/heartbeat.js'

/** Runs a heartbeat until it gives up the gateway. Returns how often it had asked. */
function countQuestions(monotonic: () => number): Promise<number> {
  return new Promise(resolve => {
    let questions = 0
    new Heartbeat({
      interval: 1,
      timeout: 20,
      monotonic,
      ask: () => questions++,
      onSilent: () => resolve(questions)
    }).start()
  })
}

t.test('a gateway that does not answer in time is silent', async t => {
  t.equal(await countQuestions(() => 0), 1)
})

t.test('a machine that slept meanwhile did not listen: the gateway is asked again', async t => {
  let looks = 0
  // An hour passes between the heartbeat and the end of the time for its answer.
  t.equal(await countQuestions(() => (looks++ < 3 ? 0 : 3_600_000)), 2)
})

t.test('a question that waits for its answer is not put off by another one', async t => {
  const silent = await new Promise<number>(resolve => {
    let questions = 0
    const heartbeat = new Heartbeat({
      interval: 1,
      timeout: 100,
      monotonic: () => performance.now(),
      ask: () => {
        questions++
        again = setInterval(() => heartbeat.askNow(), 10)
      },
      onSilent: () => {
        clearInterval(again)
        resolve(questions)
      }
    })
    let again: NodeJS.Timeout | undefined
    heartbeat.start()
  })
  t.equal(silent, 1)
})

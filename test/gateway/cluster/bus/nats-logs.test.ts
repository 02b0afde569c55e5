/** Logs in JetStream, when its answers are not what is hoped for. */
import t from 'tap'
import { NatsLogs } from '../../../../gateway/cluster/bus/nats-logs.js'
import { createLogger } from '../../../../shared/text/log.js'

const overlap = { error: { err_code: 10065, description: 'subjects overlap with an existing stream' } }

/** Creates logs of a NATS that gives these answers, the last one again and again. */
function create(...answers: object[]) {
  const asked: string[] = []
  const logs = new NatsLogs({
    cluster: 'test',
    replicas: 1,
    log: createLogger('silent', () => {}),
    request: async subject => {
      asked.push(subject)
      return Buffer.from(JSON.stringify(answers.length > 1 ? answers.shift() : answers[0]))
    },
    isClosed: () => false
  })
  return { logs, asked }
}

t.test('a log that another gateway makes at the same moment is made', async t => {
  const { logs, asked } = create(overlap, overlap, {})
  await logs.make({ name: 'claims-1', maxAge: 0 })
  t.same(asked, Array(3).fill('$JS.API.STREAM.CREATE.claims-1'))
})

t.test('one whose subjects belong to a stream of somebody else is not, and NATS is quoted', async t => {
  const { logs, asked } = create(overlap)
  await t.rejects(logs.make({ name: 'claims-1', maxAge: 0 }), {
    code: 'NATS_FAILED',
    message: "NATS can't keep the log claims-1 on a server: subjects overlap with an existing stream"
  })
  t.equal(asked.length, 5)
})

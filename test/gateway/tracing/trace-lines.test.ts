import t from 'tap'
import type { Outcome, Request } from '../../../gateway/sessions/request.js'
import { TraceLines } from '../../../gateway/tracing/trace-lines.js'
import type { LogFields } from '../../../shared/text/log.js'

function begin() {
  const lines: [string, LogFields | undefined][] = []
  const traceLines = new TraceLines({ trace: (message, fields) => lines.push([message, fields]) })
  const request = { body: '{"password":"xyzzy"}', flags: 0, names: { route: 'a.b' } } as unknown as Request
  return { traceLines, request, lines }
}

t.test('secrets are hidden in bodies, and in the data of errors', async t => {
  const { traceLines, request, lines } = begin()
  const error = { code: 'NOPE', message: 'no', data: { accessToken: 'xyzzy', deep: [{ password: 'xyzzy' }] } }
  const outcomes: Outcome[] = [{ body: '{"password":"xyzzy"}' }, { error }]
  traceLines.requestAdded(request)
  for (const outcome of outcomes) traceLines.requestDecided(request, outcome)
  t.notMatch(JSON.stringify(lines), /xyzzy/)
  t.same(lines[2], [
    'A request has its outcome',
    {
      route: 'a.b',
      error: {
        code: 'NOPE',
        message: 'no',
        data: { accessToken: '[redacted]', deep: [{ password: '[redacted]' }] }
      }
    }
  ])
})

t.test('a request that has no outcome leaves no second line', async t => {
  const { traceLines, request, lines } = begin()
  traceLines.requestDecided(request, undefined)
  t.same(lines, [])
})

import t from 'tap'
import { RequestFigures } from '../../../gateway/dispatch/request-figures.js'
import type { Request } from '../../../gateway/sessions/request.js'
import type { Route } from '../../../gateway/sessions/routes.js'
import { errors } from '../../../shared/errors.js'

/** Makes the figures of one route, to which decided requests are added. */
function begin() {
  const route: Partial<Pick<Route, 'figures'>> = {}
  const figures = new RequestFigures()
  const decide = (error: { code: string; message: string }) =>
    figures.requestDecided({ route, arrivedAt: 0, startedAt: 1 } as Request, { error }, 2)
  const counted = () => Object.entries(route.figures!.outcomes).filter(([, count]) => count > 0)
  return { decide, counted }
}

t.test('an error of a handler counts as its own, whatever its code', async t => {
  const { decide, counted } = begin()
  for (const code of ['TIMEOUT', 'WORKER_LOST', 'HANDLER_FATAL', 'POOR'])
    decide({ code, message: 'an error of the game' })
  t.same(counted(), [['error', 4]])
})

t.test('an error of the gateway counts by what it tells', async t => {
  const { decide, counted } = begin()
  decide(errors.timeout('a.b', 100))
  decide(errors.workerLost('a.b', 'its worker ended'))
  decide(errors.handlerFatal('a.b', 'process.exit(1)'))
  t.same(counted(), [
    ['timeout', 1],
    ['worker_lost', 2]
  ])
})

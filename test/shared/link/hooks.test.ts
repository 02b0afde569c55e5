/** The routes of hooks, which are named as the modules of handlers are. */
import t from 'tap'
import { isHookRoute } from '../../../shared/link/hooks.js'

t.test('a handler of a module such as `my_hooks` is no hook', async t => {
  for (const route of ['_hooks.onClose', 'match._hooks.onClose', 'match.arena._hooks.onClose'])
    t.equal(isHookRoute(route, 'onClose'), true, route)
  for (const route of ['my_hooks.onClose', 'match.my_hooks.onClose', '_hooks.onDrop', 'match.onClose'])
    t.equal(isHookRoute(route, 'onClose'), false, route)
})

/** What the log says of routes that came or went with a reload. */

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock } from 'node:test'
import t from 'tap'
import type { Gateway } from '../../gateway/gateway.js'
import { describeRoutes, reloadHandlers } from '../../gateway/reloads.js'
import { createLogger } from '../../shared/text/log.js'
import { startGateway } from '../helpers/gateway.js'

const offered = (...names: readonly string[]) => names.map(route => ({ route, file: `${route}.js` }))

t.test('routes that came and routes that went are told, sorted, beside the number of all', async t => {
  t.same(describeRoutes(offered('a', 'b'), offered('a', 'b')), { routes: 2 })
  t.same(describeRoutes(offered('a'), offered('c', 'b', 'a')), { routes: 3, new: 'b, c' })
  t.same(describeRoutes(offered('a', 'b'), offered('c')), { routes: 1, new: 'c', gone: 'a, b' })
  t.same(describeRoutes([{ route: 'a', file: 'a.js' }], [{ route: 'a', file: 'a.mjs' }]), { routes: 1 })
})

t.test('of many routes some are told, and the number of the others', async t => {
  const many = offered(...Array.from({ length: 12 }, (_, i) => `r${String(i).padStart(2, '0')}`))
  t.same(describeRoutes([], many), { routes: 12, new: 'r00, r01, r02, r03, r04, r05, r06, r07 and 4 more' })
})

t.test('after a reload the log names the new routes, those that are gone, and new remarks only', async t => {
  const folder = t.testdir({
    'a.js': 'export const one = () => 1',
    'idle.js': 'export const most = 5',
    'a.test.js': ''
  })
  const { gateway, lines } = await startGateway(t, folder, { workers: 1 })
  let seen = 0
  const told = () => {
    const fresh = lines.slice(seen)
    seen = lines.length
    return fresh.map(({ message, fields: { ms: _ms, ...fields } }) => [message, fields])
  }
  t.same(told(), [
    ['Files in the handlers folder are left out', { tests: 'a.test.js' }],
    ['Files offer no route; begin the name of a helper with _', { files: 'idle.js' }]
  ])
  writeFileSync(join(folder, 'b.js'), 'export const two = () => 2; export class Three {}')
  writeFileSync(join(folder, 'c.js'), 'export class Three {}')
  rmSync(join(folder, 'a.js'))
  await reloadHandlers(gateway)
  t.same(told(), [
    ['Classes by name offer no route; export the one with handlers as default', { classes: 'c.js: Three' }],
    ['The handlers were loaded anew', { routes: 1, new: 'b.two', gone: 'a.one' }]
  ])
  await reloadHandlers(gateway)
  t.same(told(), [['The handlers were loaded anew', { routes: 1 }]])
})

t.test('a reload that takes long is told while it runs', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const told: string[] = []
  let end = () => {}
  const gateway = {
    options: {
      log: createLogger('debug', (_level, message, { at } = {}) =>
        told.push([message, at].filter(Boolean).join(', '))
      ),
      monotonic: () => 0,
      startTimeout: 30_000
    },
    routes: [],
    loadingSteps: ['db.js'],
    askReload: () => new Promise<void>(resolve => (end = resolve))
  }
  const reloading = reloadHandlers(gateway as unknown as Gateway, ['/game/db.js'])
  mock.timers.tick(2_999)
  t.same(told, [])
  mock.timers.tick(1)
  end()
  await reloading
  mock.timers.tick(10_000)
  t.same(told, [
    'The handlers are still being loaded: a module or onStart waits, db.js',
    'The handlers were loaded anew'
  ])
})

t.test('reloads that share a run are told once', async t => {
  const { gateway, lines } = await startGateway(t, t.testdir({ 'a.js': 'export const one = () => 1' }), {
    workers: 1
  })
  await Promise.all(Array.from({ length: 10 }, () => reloadHandlers(gateway)))
  t.same(
    lines.map(({ message }) => message),
    ['The handlers were loaded anew']
  )
  await reloadHandlers(gateway)
  t.equal(lines.length, 2)
})

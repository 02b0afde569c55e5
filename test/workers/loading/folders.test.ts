/** Which files of a handlers' folder are read: what is left out, and where links lead. */

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { BackendSession } from '../../../workers/api/backend-session.js'
import type { HandlerContext } from '../../../workers/api/context.js'
import { loadHandlers } from '../../../workers/loading/handlers.js'
import { handlerApp } from '../../helpers/handler-app.js'

const one = 'export const run = () => 1\n'

/** A link to a folder. On Windows it is a junction, for which no privilege is needed. */
const linkTo = (target: string) => ({ target })

/** Makes a folder of files and links, outside this repository. Returns its real path. */
function folder(t: Test, files: Record<string, string | { readonly target: string }>): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-folders-')))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name)
    mkdirSync(dirname(file), { recursive: true })
    if (typeof content === 'string') writeFileSync(file, content)
    else symlinkSync(content.target, file, process.platform === 'win32' ? 'junction' : undefined)
  }
  return path
}

async function read(path: string) {
  const { handlers, notes } = await loadHandlers(path, handlerApp())
  return {
    routes: handlers.map(({ route }) => route),
    files: handlers.map(({ file }) => file),
    handlers,
    notes
  }
}

t.test(
  'tests, declarations, packages and what begins with _ or a dot are left out, and told in one line',
  async t => {
    const path = folder(t, {
      'a.js': one,
      'a.test.js': one,
      'a.spec.mjs': one,
      'A.TEST.js': one,
      'a.test-d.ts': one,
      'chat/room.js': one,
      'chat/room.spec.cjs': one,
      'chat/__tests__/room.js': one,
      'a.d.ts': one,
      'b.d.mts': one,
      'c.d.cts': one,
      'data.d.json.ts': one,
      'chat/node_modules/ws/index.js': one,
      '_helper.js': one,
      '_lib/helper.js': one,
      '__mocks__/a.js': one,
      '.hidden.js': one,
      '.#a.js': one,
      '.git/hook.js': one,
      'a.js~': one,
      'a.js.map': '{}',
      'a.jsx': one,
      'a.test.md': one,
      '#a.js#': one,
      'testing.js': one,
      'test.js': one,
      'test/more.js': one
    })
    const { routes, notes } = await read(path)
    t.same(routes, ['a.run', 'chat.room.run', 'test.more.run', 'test.run', 'testing.run'])
    t.same(notes, [
      {
        level: 'info',
        message: 'Files in the handlers folder are left out',
        fields: {
          tests: ['A.TEST.js', 'a.spec.mjs', 'a.test-d.ts', 'a.test.js']
            .concat([join('chat', '__tests__'), join('chat', 'room.spec.cjs')])
            .join(', '),
          nodeModules: join('chat', 'node_modules'),
          declarations: 4
        }
      }
    ])
  }
)

t.test('of many names in a line, some are told, and the number of the others', async t => {
  const tests = Array.from({ length: 20 }, (_, i) => [`t${String(i).padStart(2, '0')}.test.js`, one])
  const { notes } = await read(folder(t, { 'a.js': one, ...Object.fromEntries(tests) }))
  t.match(notes[0]?.fields['tests'], /^t00\.test\.js, .*, t07\.test\.js and 12 more$/)
})

t.test('a folder with nothing to remark has no remarks: nor has one with declarations only', async t => {
  t.same((await read(folder(t, { 'a.js': one, '_helper.js': one, 'a.d.ts': one }))).notes, [])
})

t.test('links to files and folders are followed, and routes are named by the link', async t => {
  const path = folder(t, {
    'common/score.js': one,
    'common/_options.js': 'export const timeout = 5',
    'common/deep/inner.js': one,
    'one/room.mjs': 'export const enter = () => import.meta.url',
    'handlers/a.js': one,
    'handlers/game': linkTo('../common'),
    'handlers/chat/hall.js': linkTo(join('..', '..', 'one', 'room.mjs'))
  })
  const { routes, files, handlers, notes } = await read(join(path, 'handlers'))
  t.same(routes, ['a.run', 'chat.hall.enter', 'game.deep.inner.run', 'game.score.run'])
  t.same(files, ['a.js', join('chat', 'hall.js'), join('game', 'deep', 'inner.js'), join('game', 'score.js')])
  t.same(handlers[3]?.options, { timeout: 5 }, 'options of the folder behind the link hold')
  const url = handlers[1]?.call(1, {} as BackendSession, {} as HandlerContext)
  t.match(url, /one\/room\.mjs$/, 'a module has the path of the real file')
  t.same(notes, [])
})

t.test('the handlers folder itself may be a link', async t => {
  const path = folder(t, { 'real/a.js': one, 'real/b/c.js': one, handlers: linkTo('real') })
  t.same((await read(join(path, 'handlers'))).routes, ['a.run', 'b.c.run'])
})

t.test('a file that is reached twice has a route for each way, from one module', async t => {
  const path = folder(t, {
    'rooms/red.js': 'let count = 0; export const next = () => ++count',
    'maker.js': 'let made = 0; export default () => { const own = ++made; return { own: () => own } }',
    'handlers/a': linkTo('../rooms'),
    'handlers/b': linkTo('../rooms'),
    'handlers/m1.js': linkTo('../maker.js'),
    'handlers/m2.js': linkTo('../maker.js')
  })
  const { routes, handlers, notes } = await read(join(path, 'handlers'))
  t.same(routes, ['a.red.next', 'b.red.next', 'm1.own', 'm2.own'])
  const replies = handlers.map(({ call }) => call(1, {} as BackendSession, {} as HandlerContext))
  t.same(replies, [1, 2, 1, 2], 'variables are shared, and a factory makes an object for each way')
  t.same(notes, [])
})

t.test('a link to a folder around it is not followed, and told', async t => {
  const path = folder(t, {
    'handlers/a.js': one,
    'handlers/self': linkTo('.'),
    'handlers/deep/b.js': one,
    'handlers/deep/up': linkTo('..'),
    'handlers/deep/out': linkTo('../..'),
    'other/c.js': one,
    'other/back': linkTo('../handlers'),
    'handlers/other': linkTo('../other'),
    'other.js': one
  })
  const { routes, notes } = await read(join(path, 'handlers'))
  t.same(routes, ['a.run', 'deep.b.run', 'other.c.run'])
  t.same(notes, [
    {
      level: 'warn',
      message: 'Links lead to a folder around them, and are not followed',
      fields: {
        links: [
          `${join('deep', 'out')} -> ../..`,
          `${join('deep', 'up')} -> ..`,
          `${join('other', 'back')} -> ../handlers`,
          'self -> .'
        ].join(', ')
      }
    }
  ])
})

t.test('folders that link to each other are read once on each way', async t => {
  const path = folder(t, {
    'x/a.js': one,
    'x/y': linkTo('../y'),
    'y/b.js': one,
    'y/x': linkTo('../x'),
    'handlers/x': linkTo('../x'),
    'handlers/y': linkTo('../y')
  })
  const { routes, notes } = await read(join(path, 'handlers'))
  t.same(routes, ['x.a.run', 'x.y.b.run', 'y.b.run', 'y.x.a.run'])
  t.equal(notes[0]?.fields['links'], `${join('x', 'y', 'x')} -> ../x, ${join('y', 'x', 'y')} -> ../y`)
})

t.test('a link that leads to nothing is left out, and told', async t => {
  const path = folder(t, {
    'a.js': one,
    'gone.js': linkTo('../no-such.js'),
    gone: linkTo('no-such-folder'),
    'itself.js': linkTo('itself.js'),
    'below.js': linkTo('a.js/b.js'),
    'notes.md': linkTo('no-such.md'),
    '.#a.js': linkTo('user@machine.1234'),
    '_gone.js': linkTo('no-such.js')
  })
  const { routes, notes } = await read(path)
  t.same(routes, ['a.run'])
  t.same(notes, [
    {
      level: 'warn',
      message: 'Links lead to nothing, and are left out',
      fields: {
        links:
          'below.js -> a.js/b.js, gone -> no-such-folder, gone.js -> ../no-such.js, itself.js -> itself.js'
      }
    }
  ])
})

t.test('a workspace: a package that is linked into the folder finds its own dependencies', async t => {
  const path = folder(t, {
    'packages/shop/handlers/shop.js': "import { price } from 'prices'; export const ask = () => price",
    'packages/shop/node_modules/.pnpm/prices@1/node_modules/prices/package.json':
      '{ "name": "prices", "type": "module", "exports": "./index.js" }',
    'packages/shop/node_modules/.pnpm/prices@1/node_modules/prices/index.js': 'export const price = 5',
    'packages/shop/node_modules/prices': linkTo('.pnpm/prices@1/node_modules/prices'),
    'game/node_modules/@game/shop': linkTo('../../../packages/shop'),
    'game/handlers/shop': linkTo('../node_modules/@game/shop/handlers')
  })
  writeFileSync(join(path, 'packages/shop/package.json'), '{ "name": "@game/shop", "type": "module" }')
  const { handlers, routes } = await read(join(path, 'game/handlers'))
  t.same(routes, ['shop.shop.ask'])
  t.equal(handlers[0]?.call(1, {} as BackendSession, {} as HandlerContext), 5)
})

t.test('two links that make one route are an error that names both', async t => {
  const path = folder(t, { 'x/b.js': one, 'handlers/a.b.js': one, 'handlers/a': linkTo('../x') })
  await t.rejects(loadHandlers(join(path, 'handlers'), handlerApp()), {
    code: 'HANDLERS_INVALID',
    message: /^Two handlers claim the route "a\.b\.run": a.b\.js and a\.b\.js in /
  })
})

t.test('what is neither file nor folder is left alone', { skip: process.platform === 'win32' }, async t => {
  const path = folder(t, { 'a.js': one, device: linkTo('/dev/null'), 'device.js': linkTo('/dev/null') })
  t.same((await read(path)).routes, ['a.run'], 'reading a device or a pipe could last for ever')
})

t.test(
  'a folder that may not be read is named, with the reason',
  { skip: process.platform === 'win32' },
  async t => {
    const path = folder(t, { 'a.js': one, 'closed/b.js': one })
    chmodSync(path, 0o755)
    const closed = join(path, 'closed')
    chmodSync(closed, 0)
    // Root may read everything, so it becomes somebody else for this.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid!(65534)
    try {
      await t.rejects(loadHandlers(path, handlerApp()), {
        code: 'HANDLERS_INVALID',
        message: `${closed} can't be read: EACCES: permission denied, scandir '${closed}'`
      })
    } finally {
      if (isRoot) process.seteuid!(0)
      chmodSync(closed, 0o755)
    }
  }
)

t.test(
  'names that are nearly _hooks or _options are left out, and told; so are hooks without a _',
  async t => {
    const hooks = 'export function before() { throw 1 }\n'
    const { routes, notes } = await read(
      folder(t, {
        'a.js': one,
        '_hook.js': hooks,
        '_hokos.js': hooks,
        '_books.js': one,
        '_opponents.js': one,
        '_Hooks.ts': hooks,
        'inner/_hooks/index.js': hooks,
        'inner/_Options.js': 'export const affinity = "uid"\n',
        'inner/b.js': one,
        'hooks.js': hooks,
        'hook.js': one,
        '_helper.js': one
      })
    )
    t.same(routes, ['a.run', 'hook.run', 'hooks.before', 'inner.b.run'])
    t.same(notes, [
      {
        level: 'warn',
        message: 'Files are left out that look like _options.js or _hooks.js; name them exactly so',
        fields: { files: '_Hooks.ts, _hokos.js, _hook.js, inner/_Options.js, inner/_hooks' }
      },
      {
        level: 'warn',
        message: 'Files export hooks as routes; hooks belong in _hooks.js',
        fields: { files: 'hooks.js' }
      }
    ])
  }
)

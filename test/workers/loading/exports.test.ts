/** Which of a module's exports are handlers, in each form of a module that people and compilers write. */

import { join } from 'node:path'
import t from 'tap'
import type { BackendSession } from '../../../workers/api/backend-session.js'
import type { HandlerContext } from '../../../workers/api/context.js'
import { loadHandlers } from '../../../workers/loading/handlers.js'
import { handlerApp } from '../../helpers/handler-app.js'

const marked = "Object.defineProperty(exports, '__esModule', { value: true })\n"

/** A handler of each kind of `this`: a route's reply is whose method it was. */
const say =
  'function () { return this === undefined || this === globalThis ? "nobody" : this.name ?? "somebody" }'

/** Modules by their form: the text, and the reply of each route of `a`. */
const forms: Record<string, [file: string, text: string, replies: Record<string, unknown>]> = {
  'names of an ES module': ['a.mjs', `export const say = ${say}`, { say: 'nobody' }],
  'a factory of an ES module': [
    'a.mjs',
    `export default app => ({ name: app.serverId, say: ${say} })`,
    { say: 'g' }
  ],
  'a class of an ES module': [
    'a.mjs',
    `export default class { name = 'it'; say() { return this.name } }`,
    { say: 'it' }
  ],
  'an object of an ES module': ['a.mjs', `export default { name: 'it', say: ${say} }`, { say: 'it' }],
  'an object beside names of an ES module': [
    'a.mjs',
    `export default { name: 'it', say: ${say} }; export const add = ${say}`,
    { say: 'it', add: 'nobody' }
  ],
  'a promise of an ES module': [
    'a.mjs',
    `export default Promise.resolve({ name: 'it', say: ${say} })`,
    { say: 'it' }
  ],
  'names of CommonJS': ['a.cjs', `exports.name = 'it'; exports.say = ${say}`, { say: 'it' }],
  'an object of CommonJS': ['a.cjs', `module.exports = { name: 'it', say: ${say} }`, { say: 'it' }],
  'a factory of CommonJS': [
    'a.cjs',
    `module.exports = app => ({ name: app.serverId, say: ${say} })`,
    { say: 'g' }
  ],
  'a class of CommonJS': [
    'a.cjs',
    `module.exports = class { name = 'it'; say() { return this.name } }`,
    { say: 'it' }
  ],
  'an instance of CommonJS': [
    'a.cjs',
    `class A { say() { return this.name } }; module.exports = Object.assign(new A(), { name: 'it' })`,
    { say: 'it' }
  ],
  'a promise of CommonJS, which has no top-level await': [
    'a.cjs',
    `module.exports = (async () => ({ name: 'it', say: ${say} }))()`,
    { say: 'it' }
  ],
  'a default factory without a mark': [
    'a.cjs',
    `exports.default = app => ({ name: app.serverId, say: ${say} })`,
    { say: 'g' }
  ],
  'a default factory without a mark, beside names': [
    'a.cjs',
    `exports.default = () => ({ name: 'it', say: ${say} }); exports.name = 'exports'; exports.add = ${say}`,
    { say: 'it', add: 'exports' }
  ],
  'a default object without a mark': [
    'a.cjs',
    `exports.default = { name: 'it', say: ${say} }`,
    { say: 'it' }
  ],
  'a default object without a mark, beside names': [
    'a.cjs',
    `exports.default = { name: 'it', say: ${say} }; exports.name = 'exports'; exports.add = ${say}`,
    { say: 'it', add: 'exports' }
  ],
  'a default object with a function named default': [
    'a.cjs',
    `exports.default = { name: 'it', say: ${say}, default() {} }`,
    { say: 'it' }
  ],
  'a default that is another module, without a mark': [
    'a.cjs',
    `exports.default = { default: { name: 'it', say: ${say} } }`,
    { say: 'it' }
  ],
  'a default class without a mark': [
    'a.cjs',
    `exports.default = class { name = 'it'; say() { return this.name } }`,
    { say: 'it' }
  ],
  'a default class without a mark, beside names': [
    'a.cjs',
    `exports.default = class { name = 'it'; say() { return this.name } }; exports.name = 'exports'; exports.add = ${say}`,
    { say: 'it', add: 'exports' }
  ],
  'what TypeScript makes of names': [
    'a.cjs',
    `${marked}exports.add = void 0; const add = ${say}; exports.add = add`,
    { add: 'nobody' }
  ],
  'what TypeScript makes of a default factory, with a class beside': [
    'a.cjs',
    `${marked}exports.Handler = void 0; exports.default = default_1
function default_1(app) { return new Handler(app) }
class Handler { constructor(app) { this.name = app.serverId } say() { return this.name } }
exports.Handler = Handler`,
    { say: 'g' }
  ],
  'what TypeScript makes of a default class': [
    'a.cjs',
    `${marked}class Handler { name = 'it'; say() { return this.name } }\nexports.default = Handler`,
    { say: 'it' }
  ],
  'what TypeScript makes of a default object beside names': [
    'a.cjs',
    `${marked}exports.add = void 0; exports.add = ${say}; exports.default = { name: 'it', say: ${say} }`,
    { say: 'it', add: 'nobody' }
  ],
  'what TypeScript makes of a re-export': [
    'a.cjs',
    `${marked}const impl = { add: ${say} }
for (const name in impl) Object.defineProperty(exports, name, { enumerable: true, get: () => impl[name] })`,
    { add: 'nobody' }
  ],
  'what babel makes of a default object': [
    'a.cjs',
    `${marked}exports.default = void 0; var _default = { name: 'it', say: ${say} }; exports.default = _default`,
    { say: 'it' }
  ],
  'what babel makes of a default that it imports': [
    'a.cjs',
    `${marked}exports.default = void 0
var inner = {}; Object.defineProperty(inner, '__esModule', { value: true }); inner.default = { name: 'it', say: ${say} }
exports.default = inner`,
    { say: 'it' }
  ],
  'what babel makes with add-module-exports': [
    'a.cjs',
    `${marked}exports.default = () => ({ name: 'it', say: ${say} })\nmodule.exports = exports.default; module.exports.default = exports.default`,
    { say: 'it' }
  ],
  'what esbuild makes': [
    'a.cjs',
    `var copy = (to, from) => { for (const key of Object.getOwnPropertyNames(from))
  Object.defineProperty(to, key, { get: () => from[key], enumerable: Object.getOwnPropertyDescriptor(from, key).enumerable }); return to }
var all = {}; for (const [name, get] of Object.entries({ default: () => it, add: () => add })) Object.defineProperty(all, name, { get, enumerable: true })
module.exports = copy(Object.defineProperty({}, '__esModule', { value: true }), all)
var it = { name: 'it', say: ${say} }; var add = ${say}`,
    { say: 'it', add: 'nobody' }
  ],
  'an object that is its own default': [
    'a.cjs',
    `module.exports = { name: 'it', say: ${say} }; module.exports.default = module.exports`,
    { say: 'it' }
  ],
  'two objects that are the default of each other': [
    'a.cjs',
    `exports.name = 'it'; exports.add = ${say}; exports.default = { name: 'inner', say: ${say}, default: exports }`,
    { say: 'inner', add: 'it' }
  ],
  'a default export that is a number, beside names': [
    'a.cjs',
    `exports.default = 5; exports.add = () => 1`,
    { add: 1 }
  ],
  'an ES module that passes on CommonJS': ['a.mjs', `export { default } from './_b.cjs'`, { say: 'it' }],
  'a class that extends what Node and JavaScript have': [
    'a.mjs',
    `import { EventEmitter } from 'node:events'
export default class extends EventEmitter { name = 'it'; say() { return this.name } }`,
    { say: 'it' }
  ],
  'a class that extends Map': [
    'a.mjs',
    `export default class extends Map { constructor() { super() } say() { return this.size } }`,
    { say: 0 }
  ],
  'a factory, and a named function': [
    'a.cjs',
    `module.exports = () => ({ say: () => 1 }); module.exports.add = () => 2`,
    { say: 1, add: 2 }
  ]
}

for (const [name, [file, text, replies]] of Object.entries(forms)) {
  t.test(`handlers are found in ${name}`, async t => {
    const folder = t.testdir({ [file]: text, '_b.cjs': `exports.default = { name: 'it', say: ${say} }` })
    const { handlers } = await loadHandlers(folder, handlerApp({ serverId: 'g' }))
    const told = handlers.map(({ route, call }) => [
      route,
      call(1, {} as BackendSession, {} as HandlerContext)
    ])
    t.same(Object.fromEntries(told), prefixed(replies))
  })
}

function prefixed(replies: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(replies).map(([name, reply]) => [`a.${name}`, reply]))
}

t.test(
  'hooks and options of a folder may be the default export of CommonJS, with a mark or without',
  async t => {
    for (const mark of ['', marked]) {
      const folder = t.testdir({
        '_hooks.cjs': `${mark}exports.default = { before() {}, onStop() { return Object.keys(this) } }`,
        '_options.cjs': `${mark}exports.default = { timeout: 5 }; exports.concurrent = true`,
        'a.js': 'export const run = () => {}'
      })
      const { handlers, hooks } = await loadHandlers(folder, handlerApp())
      t.same(handlers[0]?.options, { timeout: 5, concurrent: true })
      t.same(hooks.stop?.(handlerApp()), ['before', 'onStop'])
    }
  }
)

/** Modules whose exports contradict each other, or make nothing of use: the text, and the error. */
const wrong: Record<string, [file: string, text: string, says: RegExp]> = {
  'a function with another function as default': [
    'a.cjs',
    'module.exports = () => ({ say() {} }); module.exports.default = () => ({ add() {} })',
    /^a\.cjs has two default exports: a function, and as its property `default` another function\. Export one of them$/
  ],
  'a class with an object as default': [
    'a.cjs',
    'module.exports = class { say() {} }; module.exports.default = { add() {} }',
    /^a\.cjs has two default exports: a function, and as its property `default` another object/
  ],
  'a default handler without a mark': [
    'a.cjs',
    'exports.default = async body => ({ body }); exports.add = () => 1',
    /^The default export of a\.cjs makes an object without handlers; a handler itself is a named export$/
  ],
  'a default handler that returns nothing, without a mark': [
    'a.cjs',
    'exports.default = body => {}',
    /^The default export of a\.cjs must be a class, or a function that returns an object of handlers; it returned undefined$/
  ],
  'a default handler with options': [
    'a.mjs',
    "import { handler } from 'sallyport/worker'; export default handler({ timeout: 5 }, () => ({ a() {} }))",
    /^The default export of a\.mjs is a handler without a name; a handler itself is a named export$/
  ],
  'a name in two places': [
    'a.cjs',
    'exports.default = { say() {} }; exports.say = () => {}',
    /^a\.cjs exports two handlers named "say"$/
  ],
  'a promise that fails': [
    'a.cjs',
    "module.exports = Promise.reject(new Error('no database'))",
    /^The default export of a\.cjs failed: Error: no database/
  ],
  'an instance with a handler named then': [
    'a.mjs',
    "export default class { ['then']() {} }",
    /^The default export of a\.mjs has a handler named "then", which promises have$/
  ],
  'an object with a handler named then': [
    'a.cjs',
    "module.exports = { ['then']() {} }",
    /^The default export of a\.cjs has a handler named "then", which promises have$/
  ],
  'an object with a handler named default': [
    'a.mjs',
    'export default { default() { return 1 } }',
    /^The default export of a\.mjs must be a class, or a function .* it returned 1 \(number\)$/
  ]
}

for (const [name, [file, text, says]] of Object.entries(wrong)) {
  t.test(`${name} stops the start`, async t => {
    const folder = t.testdir({ [file]: text, 'fine.js': 'export const run = () => {}' })
    await t.rejects(loadHandlers(folder, handlerApp()), { code: 'HANDLERS_INVALID', message: says })
  })
}

t.test('nothing of this is a route, and the remarks name the file', async t => {
  const folder = t.testdir({
    'array.js': 'export default [1, 2]',
    'classes.js': 'export class Room { enter() {} }; export class Hall {}',
    'constants.js': 'export const most = 5',
    'default-method.js': 'export default class { default() {}; say() {} }',
    'emitter.js': "import { EventEmitter } from 'node:events'; export default new EventEmitter()",
    'empty.js': '',
    'map.js': 'export default new Map()',
    'names.js': "const run = () => {}; export { run as 'a-b', run as fine, run as _private }",
    'number.cjs': 'module.exports = 5',
    'text.js': "export default 'handlers'"
  })
  const { handlers, notes } = await loadHandlers(folder, handlerApp())
  t.same(
    handlers.map(({ route }) => route),
    ['default-method.say', 'names.fine']
  )
  t.same(notes, [
    {
      level: 'warn',
      message: 'Files offer no route; begin the name of a helper with _',
      fields: { files: 'array.js, constants.js, emitter.js, empty.js, map.js, number.cjs, text.js' }
    },
    {
      level: 'warn',
      message: 'Classes by name offer no route; export the one with handlers as default',
      fields: { classes: 'classes.js: Hall, Room' }
    },
    {
      level: 'warn',
      message: 'Functions are no handlers because of their names',
      fields: { names: 'default-method.js: default, names.js: a-b' }
    }
  ])
})

t.test('a folder without a handler says which of its files look like a mistake', async t => {
  const folder = t.testdir({
    'room.js': 'export class Room { enter() {} }',
    'room.test.js': 'export const a = () => {}'
  })
  await t.rejects(loadHandlers(folder, handlerApp()), {
    code: 'HANDLERS_INVALID',
    message: `No handlers were found in ${folder}: no module there exports a function. Files in the handlers folder are left out (room.test.js). Classes by name offer no route; export the one with handlers as default (room.js: Room)`
  })
  await t.rejects(loadHandlers(join(folder, 'room.js'), handlerApp()), {
    code: 'HANDLERS_INVALID',
    message: /room\.js is no folder/
  })
})

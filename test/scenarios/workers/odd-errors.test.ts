/** Odd values that are thrown: each fails its own request and no other. */
import t from 'tap'
import { thrown } from '../../handlers/odd/odd.js'
import { startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import type { ReplyError } from '../../helpers/player.js'

const outcome = (reply: Promise<unknown>): Promise<unknown> => reply.catch((error: ReplyError) => error.code)

const odd = Object.keys(thrown)
const oddReplies = [
  'a getter of then',
  'a thenable that throws',
  'a promise whose then throws',
  'a promise without a class',
  'a Proxy',
  'a revoked Proxy'
]

for (const isolation of ['thread', 'process'] as const) {
  t.test(
    `${isolation}: whatever a request fails with, it is answered, and so are all others of its batch`,
    async t => {
      const { connect, gateway } = await startGateway(t, 'odd', { workers: 1, isolation })
      const failing = await connect()
      const others = await Promise.all(Array.from({ length: 10 }, connect))
      const attempts = [
        ...['odd.fail', 'odd.failLater', 'odd.update', 'odd.check'].flatMap(route =>
          odd.map(what => [route, what] as const)
        ),
        ...oddReplies.map(what => ['odd.answer', what] as const)
      ]
      for (const [route, what] of attempts) {
        const [failed, ...behind] = failing.atOnce(() => [
          failing.request(route, { what }),
          failing.request('odd.quick')
        ])
        const quick = others.map(each => each.request('odd.quick'))
        // The last one is the reply of a promise whose `then` is not called.
        const outcomes = [
          'INTERNAL',
          'REPLY_NOT_SERIALIZABLE',
          'BODY_MALFORMED',
          'KEY_INVALID',
          'X',
          '404',
          1
        ]
        t.ok(outcomes.includes((await outcome(failed!)) as string), `${route} with ${what} is answered`)
        t.same(await Promise.all([...behind, ...quick]), Array(11).fill('quick'))
      }
      for (const what of odd) {
        const [refused, own] = ['VALUE_NOT_SERIALIZABLE', 'its own']
        const outcomes = [own, own, refused, refused, own, 'EVENT_NOT_SERIALIZABLE']
        t.same(await outcome(failing.request('odd.catchEach', { what })), outcomes, `${what} is caught`)
      }
      t.equal(await outcome(failing.request('odd.sendOddly')), 'INTERNAL')
      t.equal(gateway.metrics().workersLost, 0)
    }
  )
}

for (const isolation of ['thread', 'process'] as const) {
  for (const [where, files] of [
    ['a module', { 'a.mjs': 'throw odd()' }],
    [
      'onStart',
      { 'a.mjs': 'export const b = () => 1', '_hooks.mjs': 'export const onStart = () => { throw odd() }' }
    ],
    ['a factory', { 'a.mjs': 'export default () => { throw odd() }' }]
  ] as const) {
    t.test(
      `${isolation}: ${where} that throws what can't be described stops the start, and that is said`,
      async t => {
        for (const text of [
          'new Proxy({}, { get: no, getPrototypeOf: no })',
          'null',
          'Object.assign(new Error, { stack: no })'
        ]) {
          const preface = `const no = () => { throw new Error('no') }; const odd = () => (${text});`
          const folder = t.testdir(
            Object.fromEntries(Object.entries(files).map(([name, code]) => [name, `${preface}${code}`]))
          )
          await t.rejects(startWithTwoWorkers(t, folder, { isolation }), {
            code: 'HANDLERS_INVALID',
            message: /(a|_hooks)\.mjs/
          })
        }
      }
    )
  }
}

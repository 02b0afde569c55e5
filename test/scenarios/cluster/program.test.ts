/** Gateways of the command line that are a cluster, on a real server of NATS. */
import t from 'tap'
import { noNats, startNats } from '../../helpers/nats.js'
import { Player } from '../../helpers/player.js'
import { startProgram, waitForAddress } from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

const handlers = `
export const enter = (body, session, context) => context.channel('room').ajoin()
export const say = (text, session, context) => context.channel('room').abroadcast('said', text)`

t.test('two gateways of the command line', { skip: noNats }, async t => {
  const nats = await startNats(t)
  const start = (...args: readonly string[]) =>
    startProgram(t, { handlers, args: ['--nats', nats.url, ...args] })
  const [a, b] = [start('--frontend-id', 'a'), start('--frontend-id', 'b')]
  const [first, second] = [
    await Player.connect(await waitForAddress(a)),
    await Player.connect(await waitForAddress(b))
  ]
  await Promise.all([first.request('a.enter'), second.request('a.enter')])
  t.equal(await first.request('a.say', 'hello'), 2, 'an event reaches both')
  await until('both have it', () => first.events.length + second.events.length === 2)
  t.same([first.events, second.events], [[['said', 'hello']], [['said', 'hello']]])

  const unnamed = start('--frontend-id', 'gateway-1')
  t.equal(await unnamed.ended, 1)
  t.match(
    unnamed.err,
    /^sallyport: Expected `frontendId` to be this gateway's own name.*got the default gateway-1.*\n$/
  )
  const namesake = start('--frontend-id', 'a', '--lease-ttl', '1s')
  t.equal(await namesake.ended, 1)
  t.match(namesake.err, /sallyport: Another gateway of the cluster "sallyport" is running as "a"/)

  a.process.kill('SIGTERM')
  t.equal(await a.ended, 0)
  await until('the other one has heard', () => /Gateway left the cluster peer=a/.test(b.err))
  t.equal(await second.request('a.say', 'alone'), 1)
  second.leave()
})

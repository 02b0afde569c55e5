/** The short form of `npm run races`: one user, one session, over real processes and real servers. */
import t from 'tap'
import { noNats } from '../../helpers/nats.js'
import { type RacesInit, runRaces } from '../../helpers/races/races.js'

const short = {
  racers: 3,
  users: 40,
  interval: 10,
  leaseTtl: 1_000,
  variant: 'none',
  faultEvery: 600,
  serverFaultEvery: 1_500
} satisfies Partial<RacesInit>

t.test(
  'no user has two sessions while processes and their server are killed and stopped',
  { skip: noNats },
  async t => {
    const faults = ['kill', 'stop', 'killServer', 'stopServer'] as const
    const report = await runRaces({ ...short, servers: 1, rounds: 400, mode: 'reject', faults })
    t.same([report.doubles, report.wrongRounds], [[], []])
    t.ok(report.tries > 0 && report.bound > 0, `${report.bound} of ${report.tries} were bound`)
    t.equal(report.lastBound, short.users, 'whom killed processes had can be had by others')
  }
)

t.test('on three servers each race has one survivor', { skip: noNats }, async t => {
  const faults = ['kill', 'stop'] as const
  const report = await runRaces({ ...short, servers: 3, rounds: 300, mode: 'kick', faults })
  t.same([report.doubles, report.wrongRounds], [[], []])
  t.ok(report.bound > 0, `${report.bound} of ${report.tries} were bound`)
  t.equal(report.lastBound, short.users)
})

t.test('a race finds out claims that skip the look behind their entry', { skip: noNats }, async t => {
  const report = await runRaces({
    ...short,
    servers: 1,
    rounds: 60,
    mode: 'reject',
    variant: 'no-look',
    faults: []
  })
  t.not(report.doubles.length, 0)
})

import t from 'tap'
import { hashSecret, ResumeSecrets, sidOfToken } from '../../../gateway/resume/resume-secrets.js'
import { isSecret } from '../../../shared/wire/resume.js'

function begin() {
  const secrets = new ResumeSecrets<string>()
  const offer = (owner = 'red') => hashSecret(secrets.offer(owner, 1))
  const found = (hashes: readonly string[]) => hashes.map(hash => secrets.find(hash) !== undefined)
  return { secrets, offer, found }
}

t.test('a token has the number of its session, and fits into what clients take', async t => {
  const { secrets } = begin()
  for (const sid of [1, 4_294_967_296_123, Number.MAX_SAFE_INTEGER]) {
    const token = secrets.offer('red', sid)
    t.equal(sidOfToken(token), sid)
    t.ok(isSecret(token), token)
  }
})

t.test('what no gateway has made has no number', async t => {
  const end = '.aaaaaaaaaaaaaaaaaaaaaa'
  for (const token of ['', 'mfG1', end, `0${end}`, `-1${end}`, `zzzzzzzzzzz${end}`, `1${end}a`, ` 1${end}`])
    t.equal(sidOfToken(token), undefined, token)
})

t.test('up to four tokens are good until one is confirmed, which ends all others', async t => {
  const { secrets, offer, found } = begin()
  const offered = [offer(), offer(), offer(), offer()]
  t.same(found(offered), [true, true, true, true])
  offered.push(offer())
  t.same(found(offered), [false, true, true, true, true], 'the oldest makes room')
  secrets.confirm('red')
  t.same(found(offered), [false, false, false, false, true])
  offered.push(offer(), offer())
  t.same(found(offered.slice(4)), [true, true, true], 'the confirmed one stays beside those that follow')
  secrets.confirm('blue')
  t.equal(secrets.size, 1, 'nobody else has one')
})

t.test('a token that is presented ends older ones, and no newer one', async t => {
  const { secrets, offer, found } = begin()
  const all = [offer()]
  secrets.confirm('red')
  all.push(offer(), offer(), offer())
  secrets.used('red', all[0]!)
  t.same(found(all), [true, true, true, true], 'a late handshake says nothing about later tokens')
  secrets.used('red', all[2]!)
  t.same(found(all), [false, false, true, true])
  t.same(secrets.end('red'), all.slice(2))
  t.same(found(all), [false, false, false, false])
})

t.test('tokens go with their session to another gateway', async t => {
  const { secrets, offer } = begin()
  const held = offer()
  secrets.confirm('red')
  const offered = offer()
  const there = new ResumeSecrets<string>()
  there.add('red there', secrets.hashesOf('red'))
  t.same([there.find(held), there.find(offered)], ['red there', 'red there'])
  there.confirm('red there')
  t.same(there.find(held), undefined)
})

t.test('a prepared token is good from then on, and is the newest one when it is told', async t => {
  const { secrets, offer, found } = begin()
  const told = offer()
  const prepared = secrets.prepare('red', 1)
  const hash = hashSecret(prepared)
  const late = offer()
  t.same(found([told, hash, late]), [true, true, true])
  t.same(secrets.hashesOf('red').offered, [told, hash, late], 'the store gets it with the others')
  t.equal(secrets.tell('blue', prepared), false, 'it is not another one’s')
  t.equal(secrets.tell('red', prepared), true)
  secrets.confirm('red')
  t.same(found([told, hash, late]), [false, true, false])
  t.equal(secrets.tell('red', prepared), false, 'it is told once')
})

t.test('the answer to an earlier handshake does not end or confirm a token that is not told yet', async t => {
  const { secrets, offer, found } = begin()
  const told = offer()
  const prepared = secrets.prepare('red', 1)
  secrets.confirm('red')
  t.same(secrets.hashesOf('red'), { held: told, offered: [hashSecret(prepared)] })
  t.equal(secrets.tell('red', prepared), true)
  secrets.confirm('red')
  t.same(found([told, hashSecret(prepared)]), [false, true])
})

t.test('a prepared token that has made room for newer ones is not told', async t => {
  const { secrets, offer } = begin()
  const prepared = secrets.prepare('red', 1)
  for (let n = 0; n < 4; n++) offer()
  t.equal(secrets.tell('red', prepared), false)
  const last = secrets.prepare('red', 1)
  secrets.end('red')
  t.equal(secrets.tell('red', last), false)
})

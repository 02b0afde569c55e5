import t from 'tap'
import { RouteTable, routeCode } from '../../../gateway/sessions/routes.js'

const hello = (...routes: string[]) => routes.map(route => ({ route, file: `${route}.js`, options: {} }))

function tableOf(...offers: string[][]): RouteTable {
  const table = new RouteTable()
  for (const routes of offers) table.offer(hello(...routes))
  return table
}

/** Finds names that would have the same code if each were the only one. */
function findTwins(count: number): string[] {
  const byCode = new Map<number, string[]>()
  for (let n = 0; ; n++) {
    const name = `twin.n${n}`
    const names = byCode.get(routeCode(name)) ?? []
    byCode.set(routeCode(name), names)
    if (names.push(name) === count) return names.sort()
  }
}

t.test('an empty table knows no route and no code', t => {
  const table = new RouteTable()
  t.equal(table.size, 0)
  t.same({ ...table.dictionary }, {})
  for (const route of ['', 'a', '__proto__', 0, 1, -1, 0.5, Number.NaN]) t.equal(table.find(route), undefined)
  t.end()
})

t.test('a code is of its name alone, whatever else is offered', t => {
  const code = routeCode('b.y')
  t.ok(code > 0 && code <= 0xffff)
  for (const offer of [['b.y'], ['a.x', 'b.y'], ['b.y', 'c.z', 'd.w']])
    t.equal(tableOf(offer).dictionary['b.y'], code, offer.join())
  const table = tableOf(['a.x', 'b.y'])
  t.same({ ...table.dictionary }, { 'a.x': routeCode('a.x'), 'b.y': code })
  t.equal(table.find('b.y'), table.find(code))
  t.match(table.find(code), { name: 'b.y', code, file: 'b.y.js' })
  t.same(
    table.offered.map(({ name }) => name),
    ['a.x', 'b.y']
  )
  for (const unknown of [0, code + 1, -1, 'a', 'a.x ', 'A.x']) t.equal(table.find(unknown), undefined)
  t.end()
})

t.test('the codes that clients may still have from earlier versions stay as they are', t => {
  t.same([routeCode('chat.say'), routeCode('score.add')], [45571, 37171])
  t.end()
})

t.test('names that would share a code have none, and are found by name', t => {
  const [first, second, third] = findTwins(3) as [string, string, string]
  const code = routeCode(first)
  const table = tableOf([first, second])
  t.same({ ...table.dictionary }, {})
  t.equal(table.find(code), undefined)
  t.same([table.find(first)?.name, table.find(second)?.name], [first, second])
  table.offer(hello(third))
  t.equal(table.find(code), undefined, 'nor has one that comes later')
  t.equal(table.find(third)?.name, third)
  t.end()
})

t.test('a code that was told stays with its route, when that is gone too', t => {
  const [first, second] = findTwins(2) as [string, string]
  const code = routeCode(first)
  const table = tableOf([first], [second])
  t.equal(table.find(code), undefined, 'its route is gone')
  t.same({ ...table.dictionary }, {})
  table.offer(hello(first, second))
  t.equal(table.find(code)?.name, first)
  t.same({ ...table.dictionary }, { [first]: code })
  t.end()
})

t.test('a code that came after a client was told is not known to it', t => {
  const table = tableOf(['a', 'b'])
  const told = table.size
  table.offer(hello('a', 'c'))
  t.equal(table.find(routeCode('c'), told), undefined)
  t.equal(table.find(routeCode('b'), told), undefined, 'it is gone')
  t.equal(table.find(routeCode('a'), told)?.name, 'a')
  t.equal(table.find('c', told)?.name, 'c', 'by name it is')
  t.equal(table.find(routeCode('c'), table.size)?.name, 'c')
  t.end()
})

t.test('the dictionary holds what is offered', t => {
  const table = tableOf(['b', 'd'], ['a', 'b', 'c', 'd'], ['c', 'e'])
  t.same(Object.keys(table.dictionary), ['c', 'e'])
  for (const gone of ['a', 'b', 'd', routeCode('b')]) t.equal(table.find(gone), undefined, `${gone}`)
  table.offer(hello('b'))
  t.equal(table.find(routeCode('b'))?.name, 'b', 'it is back under its code')
  t.equal(table.size, 5)
  t.same(
    table.offered.map(({ name }) => name),
    ['b']
  )
  t.end()
})

t.test('a reload brings the file and the options of the new code', t => {
  const table = new RouteTable()
  table.offer([{ route: 'a', file: 'old.js', options: { timeout: 5, concurrent: true } }])
  const known = table.find('a')
  table.offer([{ route: 'a', file: 'new.js', options: { affinity: 'uid' } }])
  t.equal(table.find('a'), known)
  t.match(known, { file: 'new.js', code: routeCode('a') })
  t.same(known?.options, { affinity: 'uid' })
  t.end()
})

t.test('the version names the dictionary: the same one always, another one never', t => {
  const versionOf = (...offers: string[][]) => tableOf(...offers).version
  const version = versionOf(['a', 'b'])
  t.match(version, /^[\w-]{16}$/)
  t.equal(versionOf(['a', 'b']), version)
  t.equal(versionOf(['b', 'a']), version, 'in whatever order')
  t.equal(versionOf(['b'], ['a', 'b']), version, 'the same codes by another way')
  t.not(versionOf(['a', 'b'], ['a']), version, 'a route is gone')
  const [first, second] = findTwins(2) as [string, string]
  t.not(versionOf([first, second]), versionOf([first], [first, second]), 'the same names, other codes')
  const others = [
    versionOf(['a']),
    versionOf(['a', 'b', 'c']),
    versionOf(['a,b']),
    versionOf(['a","b']),
    versionOf(['ab']),
    versionOf([])
  ]
  t.equal(new Set([version, ...others]).size, 7)
  t.end()
})

t.test('names that objects have of their own are routes like any other', t => {
  const table = new RouteTable()
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'then', 'toString']
  for (const name of names) t.equal(table.find(name), undefined)
  table.offer(hello(...names))
  t.same(Object.keys(table.dictionary), names)
  for (const name of names) t.equal(table.find(name)?.code, routeCode(name))
  t.end()
})

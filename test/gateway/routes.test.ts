import t from 'tap'
import { RouteTable } from '../../gateway/routes.js'

const hello = (...routes: string[]) => routes.map(route => ({ route, file: `${route}.js`, options: {} }))

t.test('an empty table knows no route and no code', t => {
  const table = new RouteTable()
  t.equal(table.size, 0)
  t.same({ ...table.dictionary }, {})
  for (const route of ['', 'a', '__proto__', 0, 1, -1, 0.5, Number.NaN]) t.equal(table.find(route), undefined)
  t.end()
})

t.test('routes get codes from 1, in the order in which they are offered', t => {
  const table = new RouteTable()
  table.offer(hello('a.x', 'b.y'))
  t.same({ ...table.dictionary }, { 'a.x': 1, 'b.y': 2 })
  t.equal(table.size, 2)
  t.equal(table.find('b.y'), table.find(2))
  t.match(table.find(1), { name: 'a.x', code: 1, file: 'a.x.js' })
  t.same(
    table.offered.map(({ name }) => name),
    ['a.x', 'b.y']
  )
  for (const unknown of [0, 3, -1, 'a', 'a.x ', 'A.x']) t.equal(table.find(unknown), undefined)
  t.end()
})

t.test('a reload appends codes, and gives none to another route', t => {
  const table = new RouteTable()
  table.offer(hello('b', 'd'))
  table.offer(hello('a', 'b', 'c', 'd'))
  t.same({ ...table.dictionary }, { b: 1, d: 2, a: 3, c: 4 })
  table.offer(hello('c', 'e'))
  t.same({ ...table.dictionary }, { b: 1, d: 2, a: 3, c: 4, e: 5 })
  for (const gone of ['a', 'b', 'd', 1, 2, 3]) t.equal(table.find(gone), undefined, `${gone} is not offered`)
  t.equal(table.find(4)?.name, 'c')
  table.offer(hello('b'))
  t.equal(table.find(1)?.name, 'b', 'it is back under its code')
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
  t.match(known, { file: 'new.js', code: 1 })
  t.same(known?.options, { affinity: 'uid' })
  t.end()
})

t.test('the version names the dictionary: the same one always, another one never', t => {
  const versionOf = (...offers: string[][]) => {
    const table = new RouteTable()
    for (const routes of offers) table.offer(hello(...routes))
    return table.version
  }
  const version = versionOf(['a', 'b'])
  t.match(version, /^[\w-]{16}$/)
  t.equal(versionOf(['a', 'b']), version)
  t.equal(versionOf(['a', 'b'], ['a']), version, 'codes stay when a route goes')
  t.equal(versionOf(['a'], ['a', 'b']), version, 'the same codes by another way')
  const others = [
    versionOf(['a']),
    versionOf(['b', 'a']),
    versionOf(['a', 'b', 'c']),
    versionOf(['a,b']),
    versionOf(['a","b']),
    versionOf(['ab']),
    versionOf([])
  ]
  t.equal(new Set([version, ...others]).size, 8)
  t.end()
})

t.test('names that objects have of their own are routes like any other', t => {
  const table = new RouteTable()
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'then', 'toString']
  for (const name of names) t.equal(table.find(name), undefined)
  table.offer(hello(...names))
  t.same(Object.keys(table.dictionary), names)
  for (const [index, name] of names.entries()) t.equal(table.find(name)?.code, index + 1)
  t.end()
})

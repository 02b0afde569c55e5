/** The history of `play`: what it brings back, and who may read it. */
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keepHistory, readHistory } from '../../../tools/play/history.js'

const modeOf = (file: string) => statSync(file).mode & 0o777

t.test('a line is brought back before those that were typed earlier, up to 1,000', async t => {
  const file = join(t.testdir(), 'history')
  t.same(readHistory(file), [])
  keepHistory(file, 'room.enter {"name":"Ann"}')
  keepHistory(file, '  ')
  keepHistory(file, '.cut')
  t.same(readHistory(file), ['.cut', 'room.enter {"name":"Ann"}'])
  writeFileSync(file, Array.from({ length: 1_200 }, (_, i) => `line.${i}\n`).join(''))
  const lines = readHistory(file)
  t.same([lines.length, lines[0], lines.at(-1)], [1_000, 'line.1199', 'line.200'])
})

t.test('only its owner may read the file, also one that others could read before', async t => {
  const file = join(t.testdir(), 'history')
  keepHistory(file, '.state')
  t.equal(modeOf(file), 0o600)
  chmodSync(file, 0o644)
  keepHistory(file, '.state')
  t.equal(modeOf(file), 0o600)
})

t.test('what a link leads to keeps its mode, as a device does', async t => {
  const folder = t.testdir({ target: '' })
  const [target, link] = [join(folder, 'target'), join(folder, 'link')]
  chmodSync(target, 0o644)
  symlinkSync(target, link)
  keepHistory(link, '.state')
  t.equal(readFileSync(target, 'utf8'), '.state\n')
  t.equal(modeOf(target), 0o644)
})

t.test('without a file nothing is kept, and a file that cannot be written stops nobody', async t => {
  keepHistory('', '.state')
  keepHistory(t.testdir(), '.state')
})

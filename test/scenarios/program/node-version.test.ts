/** The versions of Node on which the program runs, as it says them and as the package names them. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { createGateway } from '../../../gateway/index.js'
import { describeUnsupported, isSupported } from '../../../shared/node-version.js'
import { root } from '../../helpers/paths.js'
import { readSource, readText } from '../../helpers/sources.js'

t.test('lines of Node are supported from the version on in which require loads ES modules', async t => {
  for (const version of ['v20.19.0', 'v20.20.2', 'v22.12.0', 'v22.21.1', 'v23.0.0', 'v24.11.0', 'v100.0.0'])
    t.ok(isSupported(version), version)
  for (const version of ['v12.22.12', 'v18.20.8', 'v20.0.0', 'v20.11.1', 'v20.18.3', 'v21.7.3', 'v22.11.0'])
    t.notOk(isSupported(version), version)
})

t.test(
  'on an older Node the program says which version is needed, before it loads anything else',
  async t => {
    const pretend = "Object.defineProperty(process, 'version', { value: 'v20.11.1' })"
    const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`]
    const main = join(root, 'dist/gateway/program/main.js')
    const ended = await new Promise(resolve => {
      execFile(
        process.execPath,
        [...args, main, '--version'],
        { env: { ...process.env, NODE_OPTIONS: '' } },
        (error, out, err) => resolve({ code: error?.code, out, err })
      )
    })
    t.same(ended, { code: 1, out: '', err: `sallyport: ${describeUnsupported('v20.11.1')}\n` })
  }
)

t.test('on an older Node createGateway says so too, and starts nothing', async t => {
  const { version } = process
  Object.defineProperty(process, 'version', { value: 'v20.11.1' })
  t.teardown(() => Object.defineProperty(process, 'version', { value: version }))
  await t.rejects(createGateway({ handlers: 'anywhere' }), {
    code: 'NODE_UNSUPPORTED',
    message: describeUnsupported('v20.11.1')
  })
})

t.test('what is loaded before that imports nothing, and waits for nothing at the top level', async t => {
  for (const name of ['gateway/program/first-signals', 'shared/node-version']) {
    const path = `${name}.ts`
    t.same(readSource(path, readText(path)).imports, [], path)
  }
  t.notMatch(readText('gateway/program/main.ts'), /\bawait\b|\?\?|\?\./)
})

t.test('package.json and the documents name the same versions', async t => {
  const { engines } = JSON.parse(readText('package.json'))
  t.same(engines, { node: '^20.19.0 || >=22.12.0' })
  for (const path of ['README.md', 'CONTRIBUTING.md', 'docs/guide/getting-started.md'])
    t.match(
      readText(path).replaceAll('\n', ' '),
      /You need Node\.js 20\.19 or later \(of Node 22, 22\.12 or later\)/,
      path
    )
})

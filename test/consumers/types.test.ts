/** The types of the package, as compilers of three major versions see them in five kinds of projects. */

import { join } from 'node:path'
import t from 'tap'
import { makeProject, run, toolPath, whyNoTools } from '../helpers/consumers.js'

/**
 * The projects in test/fixtures/consumers. `browser`: with the library DOM and without Node's types. `bare`:
 * without either. `node`: a host, a test and CommonJS, with Node's types. Each compiles the handlers too.
 */
const all = [
  'browser-bundler.json',
  'browser-nodenext.json',
  'bare-nodenext.json',
  'bare-bundler.json',
  'node-nodenext.json',
  'node-bundler.json'
]
/** Each set of libraries and each resolution once, for the compilers that are slow. */
const kept = ['browser-bundler.json', 'node-nodenext.json']

t.test(
  'projects of each kind compile with TypeScript 5.9, 6 and 7, and check the declarations that they use',
  { skip: whyNoTools(), timeout: 200_000 },
  async t => {
    const project = await makeProject(t)
    const compile = async (compiler: string, projects: readonly string[]) => {
      // All projects in one process: a compiler takes a second to start.
      const args = [join(toolPath(compiler), 'bin/tsc'), '--build', ...projects]
      const { stdout } = await run(process.execPath, args, { cwd: project }).catch(error => error)
      t.equal(stdout, '', compiler)
    }
    await Promise.all([compile('typescript-5', kept), compile('typescript-6', kept)])
    // It takes a tenth of the time of the others.
    await compile('typescript-7', all)
  }
)

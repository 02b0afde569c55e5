/** Holds the documents to the code: tables, links, the map, and the code that they show. */
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { consoleAddresses } from '../gateway/console/api/console-api.js'
import type { Gateway } from '../gateway/index.js'
import { diagnosisCodes } from '../gateway/internal/diagnosis.js'
import { definitions } from '../gateway/metrics/prometheus.js'
import { flagOf, variableOf } from '../gateway/options/option-row.js'
import { optionTable } from '../gateway/options/option-table.js'
import { describeValues, formatValue } from '../gateway/options/option-value.js'
import { formatBanner } from '../gateway/program/banner.js'
import { commands } from '../gateway/program/commands.js'
import { type CounterName, Metrics, metricNames } from '../gateway/telemetry/metrics.js'
import { maxAnnotationDepth } from '../shared/bodies/rich-form.js'
import {
  arrayNames,
  kindNames,
  maxBigIntDigits,
  maxNumberKeys,
  maxUrlLength
} from '../shared/bodies/untrusted-kinds.js'
import { maxAnnotations } from '../shared/bodies/untrusted-value.js'
import { closeCodes, mayComeBack } from '../shared/close-codes.js'
import { errors, GatewayError } from '../shared/errors.js'
import { tellFailure } from '../workers/runtime/failure.js'
import { firstSentence, formatMap, readMap } from './helpers/file-map.js'
import { root } from './helpers/paths.js'
import { listFiles, readSources, readText } from './helpers/sources.js'

const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...listFiles('docs').filter(path => path.endsWith('.md'))
]

/** The rows of a page's tables whose first cell matches, as their cells. */
function readRows(page: string, first: RegExp): string[][] {
  return readText(page)
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line => line.slice(1, -1).split(/(?<!\\)\|/))
    .map(cells => cells.map(cell => cell.trim()))
    .filter(([cell]) => first.test(cell!))
}

/** The text between two headings. */
function readSection(page: string, heading: string): string {
  const [, rest] = readText(page).split(`\n## ${heading}\n`)
  const section = rest?.split('\n## ')[0]
  if (section === undefined) throw new Error(`${page} has no section "${heading}"`)
  return section
}

const skip = () => {}
const noLog = { debug: skip, info: skip, warn: skip, error: skip }

const inCode = (text: string | number) => `\`${text}\``

t.test('the calls of the console are in its guide, no more and no less', async t => {
  t.same(
    readRows('docs/guide/console.md', /^`(GET|POST)`$/).map(([method, path, kind]) => [method, path, kind]),
    Object.values(consoleAddresses).map(({ method, path, kind }) => [inCode(method), inCode(path), kind])
  )
})

t.test('options.md has the options, their flags, variables, values, defaults and meanings', async t => {
  const rows = readRows('docs/reference/options.md', /^`\w+`$/).filter(([, flag]) => flag!.startsWith('`--'))
  const expected = optionTable.map(row => {
    const { name, defaultValue, help } = row
    const [, meaning = help, told] = /^(.*?) \(default: (.+)\)$/.exec(help) ?? []
    const ownDefault =
      defaultValue === undefined ? 'none: must be given' : (told ?? inCode(formatValue(row, defaultValue)))
    return [
      inCode(name),
      inCode(`--${flagOf(name)}`),
      inCode(variableOf(name)),
      describeValues(row),
      ownDefault,
      meaning
    ]
  })
  t.same(rows, expected)
})

t.test('program.md has the commands', async t => {
  const table = readText('docs/reference/program.md').split('## Commands')[1]!.split('\n#')[0]!
  const usagesThere = [...table.matchAll(/^\| (`[^|]*`) +\|/gm)].map(([, usage]) => usage!)
  const usages = Object.values(commands).map(({ usage }) => inCode(usage))
  t.same(usagesThere.slice(1), usages, 'behind the gateway itself')
})

t.test('each plain option has its row in the table', async t => {
  const files = listFiles('gateway/options').filter(path => path.endsWith('-options.ts'))
  const interfaces = files.flatMap(path => [
    ...readText(path).matchAll(/^export interface \w+Options[^{]* \{\n(.*?)^\}/gms)
  ])
  const names = interfaces.flatMap(([, members]) =>
    [...members!.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name!)
  )
  t.same(names.sort(), optionTable.map(({ name }) => name as string).sort())
})

t.test('errors.md has the codes that there are, each once, and no others', async t => {
  const codes = readRows('docs/reference/errors.md', /^`[A-Z_]+`$/).map(([code]) => code!.slice(1, -1))
  const expected = Object.values(errors).map(({ code }) => code)
  t.same([...codes].sort(), [...expected].sort())
})

t.test('a client gets each error of an operation that its handler did not catch, as errors.md says', t => {
  const section = readSection('docs/reference/errors.md', 'What an operation on a session fails with')
  const codes = [...section.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code!)
  t.ok(codes.length > 20)
  for (const code of codes) {
    t.equal(tellFailure(new GatewayError({ code, message: 'as it was' }), noLog).code, code)
  }
  t.end()
})

t.test('each error is named by its code, and used', async t => {
  const sources = readSources(['shared', 'gateway', 'workers', 'client', 'testing', 'tools']).map(
    ({ path }) => readText(path)
  )
  for (const [name, { code }] of Object.entries(errors)) {
    t.equal(code, name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase())
    t.ok(
      sources.some(text => new RegExp(`\\b(?:errors|wireErrors)\\.${name}\\b`).test(text)),
      `errors.${name} is used`
    )
  }
})

t.test('close-codes.md has the codes, their names, and whether to come back', async t => {
  const rows = readRows('docs/reference/close-codes.md', /^\d+$/).map(cells => cells.slice(0, 3))
  const expected = Object.entries(closeCodes).map(([name, code]) => [
    String(code),
    inCode(name),
    mayComeBack(code) ? 'yes' : 'no'
  ])
  t.same(rows, expected)
})

t.test('options.md has the codes of what is wrong with a gateway', async t => {
  const internalPort = readSection('docs/reference/options.md', 'The internal port')
  const codes = [...internalPort.matchAll(/^\| `(\w+)` +\| (?:warn|error)/gm)].map(([, code]) => code)
  t.same(codes, [...diagnosisCodes])
})

t.test('protocol.md has the kinds of values in rich bodies, and their limits', async t => {
  const section = readText('docs/reference/protocol.md').split('\n### Rich bodies\n')[1]!.split('\n### ')[0]!
  const kinds = [...section.matchAll(/^\| `(\S+)` +\|.*\| (.+?) +\|$/gm)].map(([, kind, value]) => [
    kind!,
    value!
  ])
  t.same(
    kinds.map(([kind]) => kind),
    [...kindNames, '["typed-array","Uint8Array"]']
  )
  t.same(
    kinds
      .at(-1)![1]!
      .match(/\w+Array/g)!
      .sort(),
    [...arrayNames].sort()
  )
  const limits = readRows('docs/reference/protocol.md', /./).filter(([what]) => limitOf.has(what!))
  t.same(
    limits.map(([what, limit]) => [what, Number(limit)]),
    [...limitOf]
  )
})

const limitOf = new Map([
  ['values that are no JSON', maxAnnotations],
  ['steps from the top to such a value', maxAnnotationDepth],
  ['characters of a BigInt', maxBigIntDigits],
  ['numbers and BigInts in one Set, or as keys of one Map', maxNumberKeys],
  ['characters of a URL', maxUrlLength]
])

t.test('metrics.md has the counters and the gauges, each in its table', async t => {
  const inTable = (heading: string) =>
    [...readSection('docs/reference/metrics.md', heading).matchAll(/^\| `(\w+)` +\|/gm)].map(
      ([, name]) => name
    )
  const isCounter = (name: string) => {
    const metrics = new Metrics()
    metrics.count(name as CounterName)
    return metrics.read()[name as CounterName] === 1
  }
  t.same(inTable('Counters'), metricNames.filter(isCounter))
  t.same(
    inTable('Gauges'),
    metricNames.filter(name => !isCounter(name))
  )
})

t.test('metrics.md has the metrics of Prometheus, their types and their labels', async t => {
  const rows = readSection('docs/reference/metrics.md', 'Prometheus')
    .split('\n')
    .filter(line => line.startsWith('| `'))
  const expected = definitions.map(({ name, type, labels, values, help }) => [
    inCode(name),
    type,
    labels.map(inCode).join(', ') + (values === undefined ? '' : `: ${values.join(', ')}`),
    help
  ])
  t.same(
    rows.map(row =>
      row
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim())
    ),
    expected
  )
})

t.test('each relative link leads to a file, and to a heading of it', async t => {
  let links = 0
  for (const page of pages) {
    for (const [, target] of withoutCode(readText(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue
      links++
      const [path, anchor] = target!.split('#') as [string, string | undefined]
      const file = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, file))) t.fail(`${page} links to ${target}, and there is no such file`)
      else if (anchor !== undefined && !anchorsOf(file).includes(anchor)) {
        t.fail(`${page} links to ${target}, and there is no such heading`)
      }
    }
  }
  t.ok(links > 50, `${links} links`)
})

/** A page's text without its blocks of code. */
function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

function anchorsOf(file: string): string[] {
  if (statSync(join(root, file)).isDirectory()) return []
  return [...withoutCode(readText(file)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-')
  )
}

t.test('each path that ARCHITECTURE.md and CONTRIBUTING.md name as code is there', async t => {
  const text = ['ARCHITECTURE.md', 'CONTRIBUTING.md'].map(readText).join('')
  const paths = [...text.matchAll(/`((?:gateway|workers|shared|client|testing|test|docs)\/[\w./-]+)`/g)]
  t.ok(paths.length > 50, `${paths.length} paths`)
  t.same(
    paths.map(([, path]) => path!).filter(path => !existsSync(join(root, path))),
    []
  )
})

t.test('each document is in the list of documents', async t => {
  const list = readText('docs/README.md')
  for (const page of pages.filter(path => path.startsWith('docs/') && path !== 'docs/README.md')) {
    t.ok(list.includes(`(${page.slice('docs/'.length)})`), page)
  }
})

t.test('the map of ARCHITECTURE.md has each file with the first sentence of its header', async t => {
  const map = await formatMap()
  t.equal(readMap(), map.trim(), 'npm run map writes it')
  const files = readSources(['shared', 'gateway', 'workers', 'client', 'testing', 'tools'])
  for (const { path } of files) {
    t.not(firstSentence(readText(path)), '', `${path} has a header`)
    t.ok(map.includes(`](${path})`), path)
  }
})

t.test('what ARCHITECTURE.md calls by class and member is there', async t => {
  const texts = readSources(['shared', 'gateway', 'workers', 'client', 'testing', 'tools']).map(({ path }) =>
    readText(path)
  )
  const names = [...readText('ARCHITECTURE.md').matchAll(/`([A-Z]\w+)\.(#?\w+)`/g)]
  t.ok(names.length > 5)
  for (const [, owner, member] of names) {
    const declared = new RegExp(`^ {2}(?:readonly |async |get )*${member}\\b`, 'm')
    t.ok(
      texts.some(text => text.includes(`class ${owner} `) && declared.test(text)),
      `${owner}.${member}`
    )
  }
})

t.test('what ARCHITECTURE.md says to be in a file is there', async t => {
  const places = [...readText('ARCHITECTURE.md').matchAll(/`(\w+)` in `([\w/-]+\.ts)`/g)]
  t.ok(places.length > 3)
  for (const [, name, path] of places)
    t.match(readText(path!), new RegExp(`\\b${name}\\b`), `${name} in ${path}`)
})

t.test(
  'the README is for a first visitor: at most 125 lines, with a handler, its client and two commands',
  async t => {
    const readme = readText('README.md')
    t.ok(readme.trimEnd().split('\n').length <= 125)
    t.same(
      readBlocks('README.md').map(({ path }) => path.slice(join(root, 'dist/documents/README.md/').length)),
      ['handlers/score.ts', 'player.ts']
    )
    t.match(readme, /^npm ci && npm start +#/m)
    t.match(readme, /^npm ci && npm test +#/m)
    for (const page of ['docs/guarantees.md', 'docs/guide/getting-started.md', 'docs/README.md']) {
      t.match(readme, `](${page})`)
    }
  }
)

t.test("the README's figures are those of performance.md", async t => {
  const shown = readRows('README.md', /^`[\w-]+`$/)
  const measured = readRows('docs/performance.md', /^`[\w-]+`/).filter(cells => cells.length === 9)
  t.equal(shown.length, 3)
  for (const [name, ours, baseline, ratio, goal] of shown) {
    const rows = measured.filter(([each]) => each === name)
    const [factor] = /^[\d.]+/.exec(ratio!)!
    const [bound, outcome] = goal!.split(', ')
    const row = rows.find(
      ([, floor, figure, , , asked, reached, , latencies]) =>
        isOf(ours, `${figure} ${latencies!.split(', ')[0]}`) &&
        (!/\d/.test(baseline!) || isOf(baseline, floor!)) &&
        asked!.endsWith(bound!) &&
        reached === `${factor}, ${outcome}`
    )
    t.ok(row, `${name}: ${[ours, baseline, ratio, goal].join(', ')}`)
  }
  const date = /Measured on a virtual machine .*?, on\s+(\d{4}-\d\d-\d\d)/s.exec(readText('README.md'))?.[1]
  t.match(readSection('docs/performance.md', 'Figures'), `\n${date}, a virtual machine`)
})

/** Whether the first figure of a cell of the README is one of those in a cell of performance.md. */
function isOf(cell: string | undefined, figures: string): boolean {
  const [figure] = /[\d,]*\d/.exec(cell!.replace(/^[^:]*: /, '')) ?? []
  return figure !== undefined && figures.split(/[^\d,]|, /).includes(figure)
}

t.test('the README shows what npm start prints', async t => {
  const { version } = JSON.parse(readText('package.json'))
  const [, , workers, handlers] =
    /^ {2}listens on {2}(.+)\n[\s\S]*?^ {2}workers {5}(\d+)\n {2}handlers {4}(\S+)$/m.exec(
      readText('README.md')
    ) ?? []
  const folder = 'examples/chat/handlers'
  const routes = readSources([folder]).flatMap(({ path }) => {
    if (path.startsWith(`${folder}/_`)) return []
    const name = path.slice(folder.length + 1, -'.ts'.length)
    const functions = [...readText(path).matchAll(/^export (?:async )?function (\w+)/gm)]
    return functions.map(([, each]) => ({ route: `${name}.${each}`, file: `${name}.js` }))
  })
  const gateway = {
    options: { dev: false, frontendId: 'gateway-1', workers, handlers, onHttpRequest: () => {} },
    url: 'ws://127.0.0.1:3010',
    internalUrl: 'http://127.0.0.1:3011',
    console: { url: 'http://127.0.0.1:3011/console/', token: 'BDKqM7S5eaqPBf2gJ4p9ZwTx' },
    routes: routes.sort((a, b) => (a.route < b.route ? -1 : 1))
  }
  const banner = formatBanner(gateway as unknown as Gateway, version)
  t.ok(readText('README.md').includes(`\`\`\`${banner}\`\`\``), banner)
})

interface Block {
  readonly path: string
  readonly text: string
}

/**
 * The blocks of code of a page as files. One that begins with `// handlers/score.ts` is that file, so that
 * blocks may import each other; where a page shows a file twice, the second stands alone.
 */
function readBlocks(page: string): Block[] {
  const taken = new Set<string>()
  const blocks = [...readText(page).matchAll(/^```(ts|js|typescript|javascript)\n([\s\S]*?)^```/gm)]
  return blocks.map(([, language, text], index) => {
    const [, named = `block-${index}.${language!.startsWith('t') ? 'ts' : 'js'}`] =
      /^\/\/ (\S+\.[mc]?[tj]s)\n/.exec(text!) ?? []
    const path = taken.has(named) ? `again-${index}/${named}` : named
    taken.add(path)
    // Below the project's folder, so that `sallyport` is the package itself.
    return { path: join(root, 'dist/documents', page, path), text: text! }
  })
}

/** What the compiler finds wrong with files that are nowhere but in memory. */
function compile(blocks: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  for (const name of ['rootDir', 'outDir', 'incremental', 'tsBuildInfoFile', 'declaration', 'sourceMap']) {
    delete options[name]
  }
  const texts = new Map(blocks.map(({ path, text }) => [path, text]))
  const host = ts.createCompilerHost({ ...options, noEmit: true, allowJs: true })
  const { fileExists, readFile, getSourceFile, directoryExists } = host
  host.fileExists = path => texts.has(path) || fileExists(path)
  host.readFile = path => texts.get(path) ?? readFile(path)
  host.directoryExists = path =>
    [...texts.keys()].some(each => each.startsWith(`${path}/`)) || directoryExists!(path)
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(path)
    return text === undefined
      ? getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, text, version, true)
  }
  const program = ts.createProgram([...texts.keys()], { ...options, noEmit: true, allowJs: true }, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    )
}

t.test('client.md has the options of the client, and its members', async t => {
  const optionRows = readRows('docs/reference/client.md', /^`\w+`$/).filter(cells => cells.length === 4)
  const interfaceOf = (text: string, name: string) =>
    new RegExp(`export interface ${name}[^{]* \\{([\\s\\S]*?)^\\}`, 'm').exec(text)![1]!
  const options = [
    ...interfaceOf(readText('client/base/options.ts'), 'ClientOptions').matchAll(/^ {2}readonly (\w+)\?/gm)
  ]
  t.same(
    optionRows.map(([name]) => name),
    options.map(([, name]) => inCode(name!))
  )
  const members = readText('client/client.ts').matchAll(/^ {2}(?:async |get )?([a-z]\w+)(?:<[^>]*>)?\(/gm)
  const told = readSection('docs/reference/client.md', 'Members')
  for (const [, member] of members) if (member !== 'constructor') t.match(told, `\`${member}`)
})

t.test('the code in the documents compiles, but where a block says that it is a sketch', async t => {
  const blocks = pages.flatMap(readBlocks)
  t.ok(blocks.length >= 30, `${blocks.length} blocks`)
  t.same(compile(blocks), [])
})

t.test('code that does not compile is told', async t => {
  const at = (path: string, text: string) => ({ path: join(root, 'dist/documents/test', path), text })
  const told = compile([
    at('a.ts', "import { createGateway } from 'sallyport'\nawait createGateway({})\n"),
    at('b.ts', "import { nothing } from 'sallyport/worker'\nnothing()\n"),
    at('c.js', 'const = 1\n')
  ])
  t.same([...new Set(told.map(line => line.split(':')[0]))].length, 3, told.join('\n'))
  t.match(told.join('\n'), /b\.ts: .*nothing/)
})

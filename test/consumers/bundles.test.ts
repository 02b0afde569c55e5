/** The client in bundles for browsers and React Native: what four bundlers put in, and that it connects. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Context, createContext, runInContext } from 'node:vm'
import { build as bundleWithEsbuild, transform } from 'esbuild'
import t from 'tap'
import { WebSocket } from 'ws'
import { importTool, makeProject, toolPath, whyNoTools } from '../helpers/consumers.js'
import { startGateway } from '../helpers/gateway.js'

/** A bundle, and the files that it was made of. */
interface Bundle {
  readonly code: string
  readonly files: readonly string[]
}

/** The bundlers, each with the options that a project for browsers, or for React Native, has. */
const bundlers: Readonly<Record<string, (project: string) => Promise<Bundle>>> = {
  async esbuild(project) {
    const { outputFiles, metafile } = await bundleWithEsbuild({
      absWorkingDir: project,
      entryPoints: ['page/player.js'],
      bundle: true,
      format: 'iife',
      platform: 'browser',
      metafile: true,
      write: false
    })
    return { code: outputFiles[0]!.text, files: Object.keys(metafile.inputs) }
  },

  async rollup(project) {
    const { rollup } = await importTool<{ rollup(options: object): Promise<RollupBuild> }>('rollup')
    const nodeResolve = await importTool<(options: object) => object>('@rollup/plugin-node-resolve')
    const built = await rollup({
      input: join(project, 'page/player.js'),
      plugins: [nodeResolve({ browser: true })]
    })
    return readRollup(await built.generate({ format: 'iife' }))
  },

  async vite(project) {
    const { build } = await importTool<{ build(options: object): Promise<RollupOutput> }>('vite')
    return readRollup(
      await build({
        root: project,
        configFile: false,
        logLevel: 'warn',
        build: {
          write: false,
          modulePreload: false,
          rollupOptions: { input: join(project, 'page/player.js'), output: { format: 'iife' } }
        }
      })
    )
  },

  async webpack(project) {
    const webpack = await importTool<(options: object, done: WebpackDone) => void>('webpack')
    const stats = await new Promise<WebpackStats>((resolve, reject) => {
      const options = {
        context: project,
        entry: './page/player.js',
        mode: 'production',
        target: 'web',
        optimization: { concatenateModules: false },
        output: { path: join(project, 'webpack'), filename: 'player.js' }
      }
      webpack(options, (error, stats) => (stats === undefined ? reject(error) : resolve(stats)))
    })
    const { errors, warnings, modules } = stats.toJson({
      all: false,
      errors: true,
      warnings: true,
      modules: true
    })
    t.same([...errors, ...warnings], [], 'webpack has no complaint')
    const files = modules.flatMap(({ name }) => (name === undefined || /^webpack\//.test(name) ? [] : name))
    return { code: readFileSync(join(project, 'webpack/player.js'), 'utf8'), files }
  },

  async metro(project) {
    const metro = await importTool<Metro>('metro')
    const files: string[] = []
    const out = join(project, 'metro.js')
    const standard = await metro.loadConfig({ 'max-workers': 1, 'reset-cache': true })
    const config = {
      ...standard,
      projectRoot: project,
      // The runtime of the bundle is beside Metro.
      watchFolders: [project, toolPath('metro-runtime')],
      cacheStores: [],
      reporter: { update() {} },
      resolver: {
        ...standard.resolver,
        useWatchman: false,
        // As React Native's own configuration has it.
        unstable_enablePackageExports: true,
        unstable_conditionNames: ['react-native']
      },
      transformer: {
        ...standard.transformer,
        asyncRequireModulePath: toolPath('metro-runtime/src/modules/asyncRequire.js'),
        getTransformOptions: async () => ({ transform: { experimentalImportSupport: true } })
      },
      serializer: {
        ...standard.serializer,
        processModuleFilter({ path }: { readonly path: string }) {
          files.push(path)
          return true
        }
      }
    }
    await metro.runBuild(config, { entry: 'page/player.js', platform: 'ios', dev: false, minify: false, out })
    return {
      code: readFileSync(out, 'utf8'),
      files: files.filter(path => !/^__prelude__$|\/metro-runtime\//.test(path))
    }
  }
}

interface RollupOutput {
  readonly output: readonly { readonly code: string; readonly modules: Readonly<Record<string, unknown>> }[]
}

interface RollupBuild {
  generate(options: object): Promise<RollupOutput>
}

interface WebpackStats {
  toJson(options: object): {
    readonly errors: readonly unknown[]
    readonly warnings: readonly unknown[]
    readonly modules: readonly { readonly name?: string }[]
  }
}

type WebpackDone = (error: Error | null, stats?: WebpackStats) => void

interface MetroConfig {
  readonly resolver: object
  readonly transformer: object
  readonly serializer: object
}

interface Metro {
  loadConfig(argv: object): Promise<MetroConfig>
  runBuild(config: object, options: object): Promise<unknown>
}

function readRollup({ output: [chunk] }: RollupOutput): Bundle {
  return { code: chunk!.code, files: Object.keys(chunk!.modules) }
}

/** Returns the package that a file of a bundle belongs to; the file itself if it is in none. */
function packageOf(file: string): string {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file.replace(/.*(?=page\/)|^\.\//, '')
}

/** The program, and the packages of which a bundle may have something. */
const expected = ['page/player.js', 'sallyport', 'superjson', 'copy-anything', 'is-what']

/** What no bundle may name: Node's modules and globals, and the package `ws` with its stub for browsers. */
const strangers = [
  /\bnode:/,
  /\b(?:require|import)\(\s*['"]ws['"]/,
  /\bws does not work in the browser\b/,
  /\bBuffer\b/,
  /\bsetImmediate\b/
]

/** What a page and React Native have, and nothing of Node. `platform`: what is different in this one. */
function createPage(
  url: string,
  platform: object = {}
): { readonly page: Context; readonly told: Promise<unknown> } {
  let tell: (what: unknown) => void = () => {}
  const told = new Promise<unknown>(resolve => {
    tell = resolve
  })
  const page = createContext({
    url,
    tell,
    WebSocket,
    // A context has classes of its own, which the WebSocket from outside does not know.
    ArrayBuffer,
    Uint8Array,
    TextDecoder,
    TextEncoder,
    URL,
    performance,
    queueMicrotask,
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    ...platform
  })
  return { page, told }
}

t.test(
  'no bundle has ws or anything of Node, and each connects',
  { skip: whyNoTools(), timeout: 200_000 },
  async t => {
    const project = await makeProject(t)
    mkdirSync(join(project, 'handlers-js'))
    writeFileSync(
      join(project, 'handlers-js/score.mjs'),
      'export const add = ({ points }) => ({ score: points })'
    )
    const { gateway } = await startGateway(t, join(project, 'handlers-js'), { workers: 1 })
    for (const [name, bundle] of Object.entries(bundlers)) {
      const { code, files } = await bundle(project)
      t.same(
        files.map(packageOf).filter(each => !expected.includes(each)),
        [],
        `${name} puts nothing else in`
      )
      t.notOk(
        files.some(file => file.endsWith('/dist/client/node.js')),
        `${name} does not take the entry for Node`
      )
      const { code: uncommented } = await transform(code, { legalComments: 'none' })
      t.same(
        strangers.filter(pattern => pattern.test(uncommented)),
        [],
        `${name} names nothing of Node, nor ws`
      )
      const { page, told } = createPage(gateway.url)
      runInContext(code, page, { filename: `${name}.js` })
      t.same(await told, { reply: { score: 3 } }, `${name}: the bundle runs, and connects`)
      const bare = createPage(gateway.url, { WebSocket: undefined })
      runInContext(code, bare.page, { filename: `${name}.js` })
      t.match(await bare.told, { error: /the platform has no WebSocket; pass one as the option `WebSocket`/ })
    }
  }
)

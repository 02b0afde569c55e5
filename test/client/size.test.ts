/** The size of the client in a page. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'
import { root } from '../helpers/paths.js'

const mostBytes = 13_500

t.test(`minified and gzipped, without superjson, it takes less than ${mostBytes} bytes`, async t => {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'dist/client/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['superjson'],
    write: false
  })
  const bytes = gzipSync(outputFiles[0]!.contents).length
  t.comment(`${bytes} bytes`)
  t.ok(bytes < mostBytes, `${bytes} bytes`)
  t.notMatch(outputFiles[0]!.text, /from\s*["'](ws|node:)/, 'it imports nothing of Node')
})

/**
 * The npm package `pomelo-protocol`, which Pomelo's own servers and clients are built on, as the reference
 * for our codec. It is CommonJS and has no types; these are the parts that tests use.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { runInNewContext } from 'node:vm'

interface ReferencePackage {
  readonly type: number
  /** The body; null if there is none. */
  readonly body: Uint8Array | null
}

interface ReferenceMessage {
  readonly id: number
  readonly type: number
  readonly compressRoute: number
  readonly route: string | number | null
  readonly body: Uint8Array
  readonly compressGzip: number
}

interface PomeloProtocol {
  strencode(text: string): Uint8Array
  strdecode(bytes: Uint8Array): string
  readonly Package: {
    encode(type: number, body?: Uint8Array): Uint8Array
    /** Decodes bytes: to a package if there is one, to an array if there are several. */
    decode(bytes: Uint8Array): ReferencePackage | ReferencePackage[]
  }
  readonly Message: {
    encode(
      id: number,
      type: number,
      compressRoute: boolean,
      route: string | number | null,
      body: Uint8Array | null,
      compressGzip: boolean
    ): Uint8Array
    decode(bytes: Uint8Array): ReferenceMessage
  }
}

const require = createRequire(import.meta.url)

/** The package as a server loads it: text goes through Node's `Buffer`. */
export const pomeloProtocol = require('pomelo-protocol') as PomeloProtocol

/**
 * The package as a browser loads it: the same file with a `window`, where it decodes and encodes text by
 * itself.
 */
export const browserProtocol = loadAsBrowser()

function loadAsBrowser(): PomeloProtocol {
  const source = readFileSync(require.resolve('pomelo-protocol/lib/protocol.js'), 'utf8')
  const module: { exports: unknown } = { exports: {} }
  runInNewContext(source, { window: {}, module, Uint8Array })
  return module.exports as PomeloProtocol
}

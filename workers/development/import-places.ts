/** The places of imported modules: the file of a URL, and where a missing module would be looked for. */
import { dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** An import that was resolved to a URL or path, or that was not found. */
export type ImportReport =
  | { readonly found: string }
  | { readonly missed: string; readonly parent: string | undefined }

/** Extensions that Node or tsx may add to, or exchange in, the name of an imported file. */
const extensions = ['.ts', '.js', '.mts', '.mjs', '.cts', '.cjs', '.tsx', '.jsx', '.json']

/** Returns the path of a module by its URL or path; undefined for a module of Node and the like. */
export function fileOf(place: string): string | undefined {
  if (place.startsWith('/') || /^[A-Za-z]:[\\/]/.test(place)) return place.replace(/\?.*$/, '')
  if (!place.startsWith('file:')) return undefined
  try {
    const url = new URL(place)
    url.search = ''
    url.hash = ''
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

/** Returns the paths at which a module that was not found would be noticed. */
export function placesOf(specifier: string, parent: string | undefined): string[] {
  const from = parent === undefined ? undefined : fileOf(parent)
  const isRelative = /^\.{1,2}(\/|$)/.test(specifier)
  if (!isRelative) {
    const path = fileOf(specifier)
    return path !== undefined ? variantsOf(path) : from === undefined ? [] : packagePlaces(specifier, from)
  }
  return from === undefined ? [] : variantsOf(resolve(dirname(from), specifier.replace(/[?#].*$/, '')))
}

function variantsOf(path: string): string[] {
  const bare = extensions.includes(extname(path)) ? path.slice(0, -extname(path).length) : path
  const names = extensions.flatMap(each => [bare + each, join(path, `index${each}`)])
  return [...new Set([path, ...names])]
}

/** Returns the manifests of a package in all `node_modules` folders around a file. */
function packagePlaces(specifier: string, from: string): string[] {
  const [name] = /^(@[\w.-]+\/)?[\w.-]+/.exec(specifier) ?? []
  if (name === undefined || specifier.startsWith('node:')) return []
  const places: string[] = []
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    places.push(join(folder, 'node_modules', name, 'package.json'))
    if (folder === dirname(folder)) return places
  }
}

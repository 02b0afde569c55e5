/**
 * The versions of Node.js that the program runs on.
 *
 * This file imports nothing and uses old syntax only, so that an old Node can load it and say what is
 * missing.
 */

/** The first version of a line of Node in which `require` loads ES modules, as handlers in CommonJS need. */
const first = [
  { major: 20, minor: 19 },
  { major: 22, minor: 12 }
]

/** Whether the program runs on a version such as `v20.19.0`. Lines after the last one named all do. */
export function isSupported(version: string): boolean {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number) as [number, number]
  const line = first.find(each => each.major === major)
  return line === undefined ? major > 22 : minor >= line.minor
}

/** Returns the sentence for a version on which the program does not run. */
export function describeUnsupported(version: string): string {
  return `Node.js 20.19 or later is needed (of Node 22, 22.12 or later); this is ${version.replace(/^v/, '')}`
}

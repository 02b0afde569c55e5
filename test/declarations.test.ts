/** The declarations that each public module reaches: which rooms they are from, and what they import. */

import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { readText } from './helpers/sources.js'

/** A public module, with the rooms whose declarations it may reach, and what these may import beside them. */
interface Face {
  readonly entry: string
  readonly rooms: readonly string[]
  readonly packages: readonly string[]
}

const client: Face = {
  entry: 'client/index',
  rooms: ['client', 'client/base', 'shared', 'shared/events'],
  packages: []
}

const worker: Face = {
  entry: 'workers/index',
  rooms: [
    'workers',
    'workers/api',
    'workers/loading',
    'workers/operations',
    'workers/pinus',
    'workers/tracing',
    'shared',
    'shared/events',
    'shared/link',
    'shared/text',
    'shared/values'
  ],
  packages: ['@standard-schema/spec']
}

const host: Face = {
  entry: 'gateway/index',
  rooms: [
    'gateway',
    'gateway/cluster',
    'gateway/cluster/members',
    'gateway/host',
    'gateway/internal',
    'gateway/options',
    'gateway/telemetry',
    'shared',
    'shared/events',
    'shared/text',
    'shared/values'
  ],
  packages: ['node:events', 'node:http']
}

const testing: Face = {
  entry: 'testing/index',
  rooms: ['testing', 'testing/world', ...client.rooms, ...worker.rooms, ...host.rooms],
  packages: [...worker.packages, ...host.packages, 'node:fs']
}

const load: Face = {
  entry: 'tools/scenario/index',
  rooms: ['tools/scenario', ...client.rooms],
  packages: client.packages
}

/** Classes of the inside: whoever reaches one, reaches half of the project. */
const internals = [
  'workers/operations/link',
  'workers/operations/messenger',
  'workers/operations/session-operations',
  'workers/operations/session-view',
  'shared/link/outbox',
  'shared/link/inbox',
  'gateway/telemetry/log-door',
  'gateway/parts',
  'gateway/cluster/cluster',
  'gateway/cluster/members/members'
]

const faces: Readonly<Record<string, Face>> = {
  sallyport: host,
  'sallyport/worker': worker,
  'sallyport/client': client,
  'sallyport/testing': testing,
  'sallyport/load': load
}

/** Returns the declarations that an entry reaches, and the packages that they import. */
function reach(entry: string): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const files = new Set([entry])
  const packages = new Set<string>()
  for (const file of files) {
    const text = readText(`dist/${file}.d.ts`).replace(/\/\*.*?\*\//gs, '')
    for (const [, from] of text.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
      if (from!.startsWith('.')) files.add(normalize(join(dirname(file), from!)).replace(/\.js$/, ''))
      else packages.add(from!)
    }
  }
  return { files: [...files], packages: [...packages] }
}

for (const [name, { entry, rooms, packages }] of Object.entries(faces)) {
  t.test(`the declarations of ${name} reach nothing of the inside`, async t => {
    const reached = reach(entry)
    t.comment(`${reached.files.length} files`)
    t.ok(reached.files.length > 5, 'the entry is read')
    t.same(
      reached.files.filter(file => !rooms.includes(dirname(file)) || internals.includes(file)),
      []
    )
    t.same(
      reached.packages.filter(each => !packages.includes(each)),
      [],
      'and import no other package'
    )
  })
}

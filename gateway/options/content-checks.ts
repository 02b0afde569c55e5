/** Checks of what is inside an option, and of several options together. */
import { isIP } from 'node:net'
import { expectEvent } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import { Hosts } from '../addresses/hosts.js'
import { Origins } from '../addresses/origins.js'
import {
  clusterOptions,
  defaultFrontendId,
  defaultReplicateEvery,
  longestFrontendId
} from './cluster-options.js'
import type { PlainOptions } from './plain-options.js'

interface ContentCheck {
  /** The options that it needs. A fault is one of the first. */
  readonly of: readonly [keyof PlainOptions, ...(keyof PlainOptions)[]]
  /** Throws `OPTION_INVALID`. */
  readonly check: (plain: PlainOptions) => void
}

/** Options that only mean something to a gateway of a cluster. */
const ofClusters = clusterOptions.filter(({ name }) => name !== 'nats')

/** Checks of several options together, and of what is inside a text. */
export const contentChecks: readonly ContentCheck[] = [
  { of: ['tlsKey', 'tlsCert'], check: plain => expectBoth(plain, 'tlsCert', 'tlsKey', needsKey) },
  { of: ['origins'], check: ({ origins }) => new Origins(origins) },
  { of: ['host'], check: ({ host }) => expectListenHost('host', host) },
  { of: ['internalHost'], check: ({ internalHost }) => expectListenHost('internalHost', internalHost) },
  { of: ['hosts', 'host'], check: ({ hosts, host }) => new Hosts(hosts, host) },
  { of: ['events'], check: ({ events }) => listEvents(events) },
  { of: ['healthPath'], check: expectHealthPath },
  { of: ['internalPort', 'port', 'internalHost', 'host'], check: expectTwoPorts },
  { of: ['consoleToken'], check: expectToken },
  { of: ['workerHeap'], check: expectHeap },
  { of: ['nats'], check: ({ nats }) => listNatsServers(nats) },
  { of: ['frontendId', 'nats'], check: expectOwnName },
  { of: ['cluster'], check: expectShortName },
  { of: ['resumeWindow', 'replicate', 'park'], check: expectWayBack },
  { of: ['replicateEvery', 'replicate', 'park'], check: expectCopies },
  { of: ['claimTimeout', 'leaseTtl', 'singleSession'], check: expectTimeForClaims },
  { of: ['singleSession', 'fence'], check: expectFenced },
  {
    of: ['natsTlsKey', 'natsTlsCert'],
    check: plain => expectBoth(plain, 'natsTlsCert', 'natsTlsKey', needsKey)
  },
  {
    of: ['natsPassword', 'natsUser'],
    check: plain => expectBoth(plain, 'natsUser', 'natsPassword', 'a user needs a password')
  },
  { of: ['natsToken', 'natsUser', 'natsCredentials'], check: expectOneCredential },
  { of: ['nats', ...ofClusters.map(({ name }) => name)], check: expectServers }
]

/** Sessions are kept in NATS for clients that may come back. */
function expectWayBack({ resumeWindow, replicate, park }: PlainOptions): void {
  if (resumeWindow > 0 || (replicate === 'none' && !park)) return
  const asked = replicate === 'none' ? '`park`' : `\`replicate\` (${replicate})`
  throw errors.optionInvalid(`Expected \`resumeWindow\` to be greater than 0, since ${asked} is on`)
}

function expectCopies({ replicateEvery, replicate, park }: PlainOptions): void {
  if (replicate !== 'none' || park || replicateEvery === defaultReplicateEvery) return
  throw errors.optionInvalid(
    'Expected `replicate` to be behind or through, where `replicateEvery` is given: no session is written'
  )
}

/** A user of a gateway that has crashed is free when its lease is over: a login should last for that long. */
function expectTimeForClaims({ claimTimeout, leaseTtl, singleSession, nats }: PlainOptions): void {
  if (nats === 'none' || singleSession === 'off' || claimTimeout > leaseTtl) return
  throw errors.optionInvalid(
    `Expected \`claimTimeout\` to be greater than \`leaseTtl\`, for which a crashed gateway keeps its users, got ${claimTimeout} and ${leaseTtl} ms`
  )
}

function expectFenced({ fence, singleSession }: PlainOptions): void {
  if (fence === 'keep' || singleSession !== 'off') return
  throw errors.optionInvalid(
    `Expected \`singleSession\` to be kick or reject, where \`fence\` is ${fence}: no user is claimed without`
  )
}

/** Bytes that the name of a cluster may have. */
const longestCluster = 128

const needsKey = 'a certificate needs its key'

/** Characters that the token of the console must have: nobody guesses that many. */
const leastToken = 16
/** More does not fit into a login, as gateway/console/console.ts reads it. */
const mostToken = 1_000

/** Megabytes of `workerHeap` with which a worker starts and has room for a game. */
const leastHeap = 16

/**
 * Returns the names of events, each once. The text `none` has no names.
 *
 * @throws `OPTION_INVALID` for a name that no event can have
 */
export function listEvents(text: string): string[] {
  if (text === 'none') return []
  const names = text.split(',').map(name => name.trim())
  const given = new Set(names.filter(name => name !== ''))
  for (const name of given) {
    try {
      expectEvent(name)
    } catch (error) {
      throw errors.optionInvalid(`In \`events\`: ${(error as Error).message}`)
    }
  }
  return [...given]
}

/**
 * Returns the servers of NATS. The text `none` has none.
 *
 * @throws `OPTION_INVALID` for what is no server
 */
export function listNatsServers(text: string): string[] {
  if (text === 'none') return []
  // No server has this sign. A password may have any other, so that no part of the text is looked at before.
  if (text.includes('@')) {
    throw errors.optionInvalid(
      'Expected `nats` to be without a password, which the log would show: use natsUser and natsPassword, or natsToken'
    )
  }
  return text.split(',').map(each => {
    const server = each.trim()
    const parts = /^((nats|tls):\/\/)?(\[[\da-f:.]+\]|[^\s:/@[\]]+)(:(?<port>\d{1,5}))?\/?$/i.exec(server)
    const port = Number(parts?.groups?.['port'] ?? 4222)
    if (parts !== null && port > 0 && port < 65_536) return server
    throw errors.optionInvalid(
      `Expected \`nats\` to be servers such as nats://127.0.0.1:4222, with commas between them, got ${describeValue(server)}`
    )
  })
}

/** It stands in the names of the logs, which NATS bounds to 255 characters. */
function expectShortName({ cluster }: PlainOptions): void {
  const bytes = Buffer.byteLength(cluster)
  if (bytes > longestCluster)
    throw errors.optionInvalid(
      `Expected \`cluster\` to be a name of at most ${longestCluster} bytes, got one of ${bytes}`
    )
}

/** Neither a name that several gateways have by default can be that of one, nor one that no other reads. */
function expectOwnName({ frontendId, nats }: PlainOptions): void {
  if (nats === 'none') return
  const bytes = Buffer.byteLength(frontendId)
  if (bytes > longestFrontendId)
    throw errors.optionInvalid(
      `Expected \`frontendId\` to be a name of at most ${longestFrontendId} bytes, since \`nats\` is set, got one of ${bytes}`
    )
  if (frontendId !== defaultFrontendId) return
  throw errors.optionInvalid(
    `Expected \`frontendId\` to be this gateway's own name, since \`nats\` makes it one of several, got the default ${defaultFrontendId}: give each gateway another one, such as --frontend-id a`
  )
}

/** Whoever sets an option of a cluster wants to be in one: without its servers the gateway would be alone. */
function expectServers(plain: PlainOptions): void {
  if (plain.nats !== 'none') return
  const given = ofClusters.filter(({ name, defaultValue }) => plain[name] !== defaultValue)
  if (given.length === 0) return
  const names = given
    .map(({ name }) => `\`${name}\``)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' and ')
  throw errors.optionInvalid(
    `Expected \`nats\` to be set, where ${names} ${given.length > 1 ? 'are' : 'is'} given: the servers by which gateways are a cluster`
  )
}

function expectOneCredential({ natsToken, natsUser, natsCredentials }: PlainOptions): void {
  const given = Object.entries({ natsToken, natsUser, natsCredentials }).filter(([, value]) => value !== '')
  if (given.length < 2) return
  const names = given.map(([name]) => `\`${name}\``).join(' and ')
  throw errors.optionInvalid(`Expected one way to log in to NATS, got ${names}`)
}

type TextOption = 'tlsCert' | 'tlsKey' | 'natsTlsCert' | 'natsTlsKey' | 'natsUser' | 'natsPassword'

function expectBoth(plain: PlainOptions, one: TextOption, other: TextOption, why: string): void {
  if ((plain[one] === '') === (plain[other] === '')) return
  throw errors.optionInvalid(`Expected \`${one}\` and \`${other}\` both, or neither: ${why}`)
}

function expectHealthPath({ healthPath }: PlainOptions): void {
  if (healthPath === 'none' || isRequestPath(healthPath)) return
  throw errors.optionInvalid(
    `Expected \`healthPath\` to be a path such as /healthz, as requests have it, or none, got ${describeValue(healthPath)}`
  )
}

/** Whether clients write the path into a request as it is here, rather than encode or shorten it first. */
function isRequestPath(path: string): boolean {
  const base = 'http://gateway'
  return (
    path.startsWith('/') &&
    URL.canParse(path, base) &&
    new URL(path, base).href === base + path &&
    !/[?#]/.test(path)
  )
}

/** A name that the system doesn't know is only found out when the gateway listens. */
function expectListenHost(name: 'host' | 'internalHost', host: string): void {
  if (isIP(host) !== 0 || /^[^\s:,/\\?#@[\]]+$/.test(host)) return
  throw errors.optionInvalid(
    `Expected \`${name}\` to be an address or a name of this machine such as 127.0.0.1, without a port, got ${describeValue(host)}`
  )
}

function expectTwoPorts({ internalPort, internalHost, port, host }: PlainOptions): void {
  const areApart = internalHost !== host && ![internalHost, host].some(each => /^(0\.0\.0\.0|::)$/.test(each))
  if (internalPort !== port || port === 0 || areApart) return
  throw errors.optionInvalid(
    `Expected \`internalPort\` to be another port than \`port\`, got ${port} for both`
  )
}

function expectToken({ consoleToken }: PlainOptions): void {
  const { length } = consoleToken
  if (length === 0) return
  const expected = `Expected \`consoleToken\` to be a text of ${leastToken} to ${mostToken} characters`
  if (length < leastToken || length > mostToken)
    throw errors.optionInvalid(`${expected}, got one of ${length}`)
  // Programs write other characters into the header in different ways, and cut off spaces at its ends.
  if (/^[!-~][ -~]*[!-~]$/.test(consoleToken)) return
  throw errors.optionInvalid(`${expected} of ASCII, without spaces at its ends, got one with others`)
}

/** A worker of 4 MB ends while it starts. */
function expectHeap({ workerHeap }: PlainOptions): void {
  if (workerHeap === 0 || workerHeap >= leastHeap) return
  throw errors.optionInvalid(
    `Expected \`workerHeap\` to be 0 or at least ${leastHeap} MB, got ${workerHeap} MB`
  )
}

/** How NATS is reached, by the options: servers, credentials and TLS; and why it is not reached, in words. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ConnectionOptions } from '@nats-io/transport-node'
import { errors, GatewayError } from '../../../shared/errors.js'
import { listNatsServers } from '../../options/content-checks.js'
import type { ResolvedOptions } from '../../options/options.js'
import { subjectOfAll } from './subjects.js'

/** What NATS' client is made with, and makes. */
export type ClientPackage = typeof import('@nats-io/transport-node')

export type NatsAccess = Pick<
  ResolvedOptions,
  | 'nats'
  | 'cluster'
  | 'natsCredentials'
  | 'natsToken'
  | 'natsUser'
  | 'natsPassword'
  | 'natsTlsCa'
  | 'natsTlsCert'
  | 'natsTlsKey'
>

/**
 * Returns the client's options. The files are read each time, since credentials may be renewed meanwhile.
 *
 * @throws `OPTION_INVALID` for a file that can't be read, or that has something else in it
 */
export function readAccess(
  access: NatsAccess,
  { credsAuthenticator }: ClientPackage
): ConnectionOptions & { readonly servers: string[] } {
  const servers = listNatsServers(access.nats)
  const { natsToken, natsUser, natsPassword } = access
  const { credentials, ca, cert, key } = readAccessFiles(access)
  const isEncrypted = ca !== undefined || cert !== undefined || servers.some(each => /^tls:/i.test(each))
  return {
    servers,
    ...(credentials && { authenticator: credsAuthenticator(Buffer.from(credentials)) }),
    ...(natsToken !== '' && { token: natsToken }),
    ...(natsUser !== '' && { user: natsUser, pass: natsPassword }),
    ...(isEncrypted && { tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } })
  }
}

/** What the file of each option has to hold, and a function that throws if it does not. */
const contents = {
  natsCredentials: { what: 'credentials (.creds), with a JWT and a seed', expect: expectCredentials },
  natsTlsCa: { what: 'certificates (PEM)', expect: expectCertificate },
  natsTlsCert: { what: 'certificates (PEM)', expect: expectCertificate },
  natsTlsKey: { what: 'a private key (PEM)', expect: (text: string) => void createPrivateKey(text) }
} as const

/** The options that name files. */
export const natsFiles = Object.keys(contents) as readonly (keyof typeof contents)[]

type NatsAccessFiles = Partial<Pick<ResolvedOptions, keyof typeof contents>>

/**
 * Reads the files of the options; undefined for one that is not given.
 *
 * @throws `OPTION_INVALID` for a file that can't be read, or that has something else in it
 */
export function readAccessFiles(access: NatsAccessFiles): {
  readonly credentials: string | undefined
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
} {
  const credentials = readFile(access, 'natsCredentials')
  const ca = readFile(access, 'natsTlsCa')
  const cert = readFile(access, 'natsTlsCert')
  const key = readFile(access, 'natsTlsKey')
  if (cert !== undefined && key !== undefined) {
    try {
      createSecureContext({ cert, key })
    } catch (error) {
      throw errors.optionInvalid(
        `\`natsTlsCert\` and \`natsTlsKey\` can't be used together: ${(error as Error).message}`
      )
    }
  }
  return { credentials, ca, cert, key }
}

/** Returns a sentence about a connection that was not made, as `NATS_FAILED`. */
export function explainFailure(error: unknown, { nats }: NatsAccess): GatewayError {
  if (error instanceof GatewayError) return error
  const { name, code, message: text = 'the connection was closed' } = (error ?? {}) as Partial<Thrown>
  const message = text.trim().replace(/\s*\n\s*/g, ' ')
  if (name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError') {
    return errors.natsFailed(
      `NATS at ${nats} refuses this gateway (${message}): natsCredentials, natsToken, or natsUser and natsPassword have to be as NATS expects`
    )
  }
  const fault = faults.find(({ of }) => of.test(`${code} ${message}`))
  if (fault !== undefined) return errors.natsFailed(fault.tell(nats, message))
  return errors.natsFailed(
    `No NATS server answers at ${nats}: ${message}. Is one running (nats-server --jetstream), and is the address right?`
  )
}

/** What NATS does not let a user do. */
export interface Refusal {
  readonly operation: 'publish' | 'subscription'
  readonly subject: string
}

/** Returns a sentence about a permission that is missing, as `NATS_FAILED`. */
export function explainRefusal({ operation, subject }: Refusal, { nats, cluster }: NatsAccess): GatewayError {
  const what = operation === 'publish' ? 'publish to' : 'subscribe to'
  const own = subjectOfAll(cluster)
  return errors.natsFailed(
    `NATS at ${nats} does not let this gateway ${what} ${subject}: allow its user to publish to ${own} and $JS.API.>, and to subscribe to ${own}`
  )
}

type Thrown = NodeJS.ErrnoException

/** What Node, OpenSSL and NATS' client say, and what it means here. The first one that fits counts. */
const faults: readonly { readonly of: RegExp; tell(nats: string, message: string): string }[] = [
  {
    of: /alert (bad )?certificate|certificate required|alert number (42|116)/i,
    tell: (nats, message) =>
      `NATS at ${nats} wants a certificate of this gateway that it trusts (${message}): natsTlsCert and natsTlsKey name its files`
  },
  {
    of: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate has expired|not yet valid/i,
    tell: (nats, message) =>
      `The certificate of NATS at ${nats} is not valid now (${message}): it has to be renewed, or a clock is wrong`
  },
  {
    of: /ALTNAME_INVALID|does not match certificate/i,
    tell: (nats, message) =>
      `The certificate of NATS at ${nats} is for another host (${message}): nats has to name the host as the certificate does`
  },
  {
    of: /certificate|SELF_SIGNED|VERIFY_LEAF/i,
    tell: (nats, message) =>
      `The certificate of NATS at ${nats} is not trusted (${message}): natsTlsCa names the file of its authority`
  },
  {
    of: /does not support 'tls'/,
    tell: nats =>
      `NATS at ${nats} is not encrypted: use nats:// without the options natsTls…, or give NATS a certificate`
  },
  {
    of: /unexpected response/i,
    tell: (nats, message) => `What answers at ${nats} is no NATS server (${message}): is the address right?`
  }
]

/** @throws `OPTION_INVALID` */
function readFile(access: NatsAccessFiles, name: keyof typeof contents): string | undefined {
  const path = access[name]
  if (path === undefined || path === '') return undefined
  const { what, expect } = contents[name]
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw errors.optionInvalid(`\`${name}\` can't be read: ${(error as Error).message}`)
  }
  try {
    expect(text)
  } catch {
    throw errors.optionInvalid(`\`${name}\` names no file of ${what}: ${path}`)
  }
  return text
}

function expectCredentials(text: string): void {
  if (!/BEGIN NATS USER JWT.*BEGIN USER NKEY SEED/s.test(text)) throw new Error('no credentials')
}

/** TLS would take a file without certificates, and trust nobody. */
function expectCertificate(text: string): void {
  void new X509Certificate(text)
}

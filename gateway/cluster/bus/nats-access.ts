/** How NATS is reached, by the options: servers, credentials and TLS; and why it is not reached, in words. */
import { readFileSync } from 'node:fs'
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
 * @throws `OPTION_INVALID` for a file that can't be read, or that has no credentials
 */
export function readAccess(
  access: NatsAccess,
  { credsAuthenticator }: ClientPackage
): ConnectionOptions & { readonly servers: string[] } {
  const servers = listNatsServers(access.nats)
  const { natsToken, natsUser, natsPassword } = access
  const credentials = readFile(access, 'natsCredentials')
  if (credentials && !/BEGIN NATS USER JWT.*BEGIN USER NKEY SEED/s.test(credentials.toString())) {
    throw errors.optionInvalid(
      `\`natsCredentials\` names no file of credentials (.creds), with a JWT and a seed: ${access.natsCredentials}`
    )
  }
  const [ca, cert, key] = (['natsTlsCa', 'natsTlsCert', 'natsTlsKey'] as const).map(name =>
    readFile(access, name)?.toString()
  )
  const isEncrypted = ca !== undefined || cert !== undefined || servers.some(each => /^tls:/i.test(each))
  return {
    servers,
    ...(credentials && { authenticator: credsAuthenticator(credentials) }),
    ...(natsToken !== '' && { token: natsToken }),
    ...(natsUser !== '' && { user: natsUser, pass: natsPassword }),
    ...(isEncrypted && { tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } })
  }
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
function readFile(
  access: NatsAccess,
  name: 'natsCredentials' | 'natsTlsCa' | 'natsTlsCert' | 'natsTlsKey'
): Buffer | undefined {
  if (access[name] === '') return undefined
  try {
    return readFileSync(access[name])
  } catch (error) {
    throw errors.optionInvalid(`\`${name}\` can't be read: ${(error as Error).message}`)
  }
}

/** The TLS certificate of the gateway and its key: read from their files, and checked before use. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { errors } from '../../shared/errors.js'

/** Paths of the certificate and of its key. Both are empty without TLS. */
export interface TlsFiles {
  readonly tlsCert: string
  readonly tlsKey: string
}

export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Returns the certificate's expiry date, as the certificate spells it. */
export function readEnd({ cert }: TlsPair): string {
  return new X509Certificate(cert).validTo
}

/**
 * Reads and checks certificate and key.
 *
 * @param now the time of day, in milliseconds since 1970
 * @throws `TLS_INVALID`, which names an unreadable file, or the reason why the two cannot be used
 */
export function readTlsPair({ tlsCert, tlsKey }: TlsFiles, now: number): TlsPair {
  const pair = { cert: read('certificate', tlsCert), key: read('key', tlsKey) }
  try {
    // The first certificate of the file is the gateway's own; its chain follows.
    const { validTo } = new X509Certificate(pair.cert)
    // Also throws for a key that belongs to another certificate.
    createSecureContext(pair)
    if (Date.parse(validTo) <= now) throw new Error(`it was good until ${validTo}`)
  } catch (error) {
    throw errors.tlsInvalid(
      `The certificate ${tlsCert} can't be used with the key ${tlsKey}: ${describe(error)}`
    )
  }
  return pair
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw errors.tlsInvalid(`The ${what} ${path} can't be read: ${describe(error)}`)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

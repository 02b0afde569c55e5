/**
 * The certificate by which the gateway proves to clients who it is, and its key: read from their files, and
 * looked at before anybody uses them.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { errors } from '../../shared/errors.js'

/** Where they are; both '': there is no TLS. */
export interface TlsFiles {
  readonly tlsCert: string
  readonly tlsKey: string
}

export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Of a certificate: until when it is good, as it says itself. */
export function readEnd({ cert }: TlsPair): string {
  return new X509Certificate(cert).validTo
}

/**
 * `now`: the time of day, in milliseconds since 1970.
 *
 * @throws `TLS_INVALID`, naming the file, or what is wrong with the two together
 */
export function readTlsPair({ tlsCert, tlsKey }: TlsFiles, now: number): TlsPair {
  const pair = { cert: read('certificate', tlsCert), key: read('key', tlsKey) }
  try {
    // The first of a file is the gateway's own, and what follows is the chain.
    const { validTo } = new X509Certificate(pair.cert)
    // Also finds a key that is another certificate's.
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

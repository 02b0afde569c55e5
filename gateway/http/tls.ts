/** The TLS certificate of the gateway and its key: read from their files, and checked before use. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { errors } from '../../shared/errors.js'
import { messageOf } from '../../shared/text/thrown.js'

/** Paths of the certificate and of its key. Both are empty without TLS. */
export interface TlsFiles {
  readonly tlsCert: string
  readonly tlsKey: string
}

export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
}

// What stands before these lines of a PEM file is a comment. Keys have several kinds: EC, RSA, ENCRYPTED.
const certPattern = /^-----BEGIN (\w+ )*CERTIFICATE-----/m
const keyPattern = /^-----BEGIN (\w+ )*PRIVATE KEY-----/m
const encryptedPattern = /^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)/m

/** Returns the certificate's expiry date, as the certificate spells it. */
export function readEnd({ cert }: TlsPair): string {
  return new X509Certificate(cert).validTo
}

/**
 * Reads and checks certificate and key.
 *
 * @param now the time of day, in milliseconds since 1970
 * @throws `TLS_INVALID`, which names the wrong file, or the reason why the two cannot be used together
 */
export function readTlsPair({ tlsCert, tlsKey }: TlsFiles, now: number): TlsPair {
  const pair = { cert: read('certificate', tlsCert), key: read('key', tlsKey) }
  const [certText, keyText] = [pair.cert.toString('latin1'), pair.key.toString('latin1')]
  if (!certPattern.test(certText)) {
    const hint = keyPattern.test(certText) ? ', but with a private key' : ''
    throw errors.tlsInvalid(`\`tlsCert\` names a file without a certificate (PEM)${hint}: ${tlsCert}`)
  }
  if (!keyPattern.test(keyText)) {
    const hint = certPattern.test(keyText) ? ', but with a certificate' : ''
    throw errors.tlsInvalid(`\`tlsKey\` names a file without a private key (PEM)${hint}: ${tlsKey}`)
  }
  if (encryptedPattern.test(keyText)) {
    throw errors.tlsInvalid(
      `\`tlsKey\` names a key that is encrypted: ${tlsKey}; \`openssl pkey -in FILE\` prints it without its passphrase`
    )
  }
  // The first certificate of the file is the gateway's own; its chain follows.
  const { validTo } = attempt(
    `The certificate ${tlsCert} can't be used`,
    () => new X509Certificate(pair.cert)
  )
  attempt(`The key ${tlsKey} can't be used`, () => createPrivateKey(pair.key))
  const both = `The certificate ${tlsCert} can't be used with the key ${tlsKey}`
  // Throws for a key that belongs to another certificate.
  attempt(both, () => createSecureContext(pair))
  if (Date.parse(validTo) <= now) throw errors.tlsInvalid(`${both}: it was good until ${validTo}`)
  return pair
}

function read(what: string, path: string): Buffer {
  return attempt(`The ${what} ${path} can't be read`, () => readFileSync(path))
}

/** Returns what the function returns. `fault`: what `TLS_INVALID` says if it throws, before the cause. */
function attempt<Value>(fault: string, run: () => Value): Value {
  try {
    return run()
  } catch (error) {
    throw errors.tlsInvalid(`${fault}: ${messageOf(error)}`)
  }
}

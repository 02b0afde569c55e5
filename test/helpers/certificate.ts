/**
 * Self-signed certificates, created for each test. They are encoded as DER here, since Node can only read
 * certificates.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface Certificate {
  /** The certificate and its key, as PEM. */
  readonly cert: string
  readonly key: string
}

const tags = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  time: 0x17,
  list: 0x30,
  set: 0x31
}

/** Object identifiers of ecdsa-with-SHA256, commonName, basicConstraints and subjectAltName. */
const oids = { ecdsa: '2a8648ce3d040302', name: '550403', basic: '551d13', names: '551d11' }

/**
 * Creates a certificate for 127.0.0.1 and localhost. `days`: its lifetime from now on, below 0 for an expired
 * one. It is valid from a day before now, or before its end if that is earlier.
 */
export function createCertificate(days = 1): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const day = 86_400_000
  const end = Date.now() + days * day
  const algorithm = der(tags.list, oid(oids.ecdsa))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  // A name of its own: OpenSSL finds an issuer by name, and would confuse certificates of the same name.
  const name = `test ${createHash('sha256').update(spki).digest('hex').slice(0, 12)}`
  const issuer = der(
    tags.list,
    der(tags.set, der(tags.list, oid(oids.name), der(tags.text, Buffer.from(name))))
  )
  const names = der(tags.list, der(0x87, Buffer.from([127, 0, 0, 1])), der(0x82, Buffer.from('localhost')))
  const extensions = der(
    0xa3,
    der(
      tags.list,
      extension(oids.basic, der(tags.list, Buffer.from([0x01, 0x01, 0xff]))),
      extension(oids.names, names)
    )
  )
  const body = der(
    tags.list,
    der(0xa0, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    issuer,
    der(tags.list, time(Math.min(Date.now(), end) - day), time(end)),
    issuer,
    spki,
    extensions
  )
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)])
  const base64 = der(tags.list, body, algorithm, der(tags.bits, signature)).toString('base64')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  }
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function oid(hex: string): Buffer {
  return der(tags.oid, Buffer.from(hex, 'hex'))
}

function extension(name: string, value: Buffer): Buffer {
  return der(tags.list, oid(name), der(tags.octets, value))
}

/** Encodes a UTCTime: YYMMDDHHMMSSZ. */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\D/g, '').slice(2, 14)
  return der(tags.time, Buffer.from(`${digits}Z`))
}

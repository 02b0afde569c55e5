/**
 * Encodes JSON texts as UTF-8 bytes, held in strings of one character for each byte. Bodies cross the link
 * and wait for their sockets in this form.
 */
import { escapeAstral } from '../utf8.js'

const beyondAscii = /[\u0080-\uffff]/

/**
 * Returns the UTF-8 bytes of a JSON text. Characters beyond the BMP become escapes, which every client can
 * read.
 */
export function toBytes(json: string): string {
  return beyondAscii.test(json) ? Buffer.from(escapeAstral(json), 'utf8').toString('latin1') : json
}

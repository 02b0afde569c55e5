/** A text of JSON as its bytes, each as one character: how bodies cross the link and wait for their sockets. */
import { escapeAstral } from '../utf8.js'

const beyondAscii = /[\u0080-\uffff]/

/** Characters beyond the BMP become escapes, which every client reads. */
export function toBytes(json: string): string {
  return beyondAscii.test(json) ? Buffer.from(escapeAstral(json), 'utf8').toString('latin1') : json
}

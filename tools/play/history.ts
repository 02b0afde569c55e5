/** The history of `sallyport play`: a file of the lines that were typed. */
import { closeSync, fchmodSync, lstatSync, openSync, readFileSync, writeSync } from 'node:fs'

/** The last lines of the file, which the key up brings back. */
export const historySize = 1_000

const ownerOnly = 0o600

/** Returns the lines that can be brought back, the latest first. */
export function readHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(-historySize).reverse()
  } catch {
    // There is none yet.
    return []
  }
}

/** Adds a line to the history, which only its owner may read: bodies may have tokens. */
export function keepHistory(file: string, line: string): void {
  if (file === '' || line.trim() === '') return
  try {
    const opened = openSync(file, 'a', ownerOnly)
    try {
      // A device, or what a link leads to, is in use by others.
      const found = lstatSync(file)
      if (found.isFile() && (found.mode & 0o077) !== 0) fchmodSync(opened, ownerOnly)
      writeSync(opened, `${line}\n`)
    } finally {
      closeSync(opened)
    }
  } catch {
    // A session can be played without a history.
  }
}

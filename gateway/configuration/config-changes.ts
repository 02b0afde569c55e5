/** Notices in development that the configuration file has changed. */
import { unwatchFile, watchFile } from 'node:fs'
import { readIfThere } from '../development/source-tree.js'

/** Milliseconds between two looks at the file. */
const interval = 500

/** Calls `onChange` for each new text of the file. Does not keep the process alive. Returns how to end it. */
export function followConfigFile(file: string, onChange: () => void): () => void {
  let text = readIfThere(file)
  const look = () => {
    const now = readIfThere(file)
    // An editor may delete a file for a moment, to write a new one.
    if (now === undefined || now === text) return
    text = now
    onChange()
  }
  watchFile(file, { persistent: false, interval }, look)
  return () => unwatchFile(file, look)
}

/** Notices that code which is being loaded ends the process, which Node.js does without a word. */
import { syncBuiltinESMExports } from 'node:module'

/**
 * Calls `onExit` for each `process.exit` from now on, with an error whose message is the call and whose stack
 * tells its place; then the process ends with code 1. Returns how to stop that.
 */
export function hearExits(onExit: (call: Error) => void): () => void {
  const { exit } = process
  replaceExit(code => {
    onExit(new Error(`process.exit(${code ?? ''})`))
    return exit(1)
  })
  return () => replaceExit(exit)
}

function replaceExit(exit: typeof process.exit): void {
  process.exit = exit
  // Else a module that imports `exit` by its name would have the other one.
  syncBuiltinESMExports()
}

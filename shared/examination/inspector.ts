/** The inspector of this process: a debugger attaches to it. A worker thread may have one of its own. */
import { createRequire, syncBuiltinESMExports } from 'node:module'

/** Node's module; undefined in a Node that is built without an inspector. */
const inspector = process.features.inspector
  ? (createRequire(import.meta.url)('node:inspector') as typeof import('node:inspector'))
  : undefined

/** Returns the host and port of the open inspector, such as `127.0.0.1:9229`; undefined if it is closed. */
export function findInspector(): string | undefined {
  const url = inspector?.url()
  return url === undefined ? undefined : new URL(url).host
}

/** Opens the inspector on a free port. */
export function openInspector(): void {
  inspector?.open(0)
}

/**
 * Calls `onOpen` when code opens the inspector, before that code waits for a debugger: nothing else runs
 * while it waits.
 */
export function followOpens(onOpen: () => void): void {
  if (inspector === undefined) return
  const { open } = inspector
  inspector.open = (port, host, wait) => {
    const opened = open(port, host)
    onOpen()
    if (wait === true) inspector.waitForDebugger()
    return opened
  }
  syncBuiltinESMExports()
}

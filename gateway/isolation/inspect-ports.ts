/**
 * The inspectors of worker processes: whether Node's arguments ask for them, and a port for each. A process
 * inherits the arguments of the gateway, and with them the gateway's port, which is taken.
 */

/** The arguments of Node that name a port, with the port or host and port as their value. */
const portFlag = /^--(inspect|inspect-brk|inspect-wait|inspect-port|debug-port)(?:=(.*))?$/
/** The arguments of Node that open an inspector. */
const openFlag = /^--inspect(-brk|-wait)?(=|$)/

const highestPort = 65_535

/** The ports that running workers of this process may use. */
const taken = new Set<number>()

/** Whether these arguments of Node, or the variable `NODE_OPTIONS`, open an inspector at the start. */
export function asksInspector(argv: readonly string[]): boolean {
  return [...readNodeOptions(), ...argv].some(each => openFlag.test(each))
}

/**
 * Takes a port for the inspector of a new worker: the first free one from the given first port on. Returns 0,
 * with which Node chooses a port itself, if the arguments ask for that. Workers without an open inspector
 * have a port too, since SIGUSR1 may open it later.
 *
 * @param argv the arguments of Node for the worker
 * @param isOwn whether the arguments are for workers only, so that the first worker may have their port
 */
export function takeInspectPort(argv: readonly string[], isOwn: boolean): number {
  const asked = readPort(argv)
  if ((asked ?? readPort(readNodeOptions())) === 0) return 0
  let port = isOwn && asked !== undefined ? asked : process.debugPort + 1
  while (taken.has(port)) port++
  if (port > highestPort) return 0
  taken.add(port)
  return port
}

/** Frees the port of a worker that has ended. */
export function freeInspectPort(port: number): void {
  taken.delete(port)
}

function readNodeOptions(): string[] {
  return (process.env['NODE_OPTIONS'] ?? '').split(/\s+/)
}

/** Returns the port that the last argument with a port names; undefined if none does. */
function readPort(argv: readonly string[]): number | undefined {
  let port: number | undefined
  for (const [index, argument] of argv.entries()) {
    const [, name, given] = portFlag.exec(argument) ?? []
    const value = name?.endsWith('-port') === true ? (given ?? argv[index + 1]) : given
    const digits = /(?:^|:)(\d+)$/.exec(value ?? '')?.[1]
    if (digits !== undefined) port = Number(digits)
  }
  return port
}

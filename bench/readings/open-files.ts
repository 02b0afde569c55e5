/**
 * The limit of open files, checked before a case opens many sockets. A socket counts as an open file, in the
 * server and in the load.
 */

/** Open files beside the sockets: those of Node and of the IPC between the processes, with some to spare. */
const others = 200

interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft: string | number } }
}

export interface OpenFiles {
  readonly sockets: number
  /** An alternative to raising the limit. */
  readonly instead?: string
}

/**
 * Checks that a process may open this number of sockets.
 *
 * @throws an error that says how to raise the limit, if it may not
 */
export function expectOpenFiles({ sockets, instead }: OpenFiles, limit = readLimit()): void {
  const needed = sockets + others
  if (limit === undefined || limit >= needed) return
  const remedies = [`raise the limit in this shell (ulimit -n ${needed})`, instead ?? []].flat()
  throw new Error(
    `${format(sockets)} connections need ${format(needed)} open files, and a process may have ${format(limit)} here: ` +
      remedies.join(', or ')
  )
}

/**
 * Reads the limit; undefined: there is none, or the system does not tell. Node raises its own limit as far as
 * allowed when it starts.
 */
function readLimit(): number | undefined {
  const { userLimits } = process.report.getReport() as Report
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isNaN(soft) ? undefined : soft
}

function format(count: number): string {
  return count.toLocaleString('en-US')
}

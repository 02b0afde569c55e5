/** How many files a process may have open here; a socket is one, in the server and in the load alike. */

/** Beside the sockets: what Node itself and the connections between the processes take, and some to spare. */
const others = 200

interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft: string | number } }
}

export interface OpenFiles {
  readonly sockets: number
  /** What can be done instead of raising the limit. */
  readonly instead?: string
}

/** @throws with what to do, if a process may not have so many sockets */
export function expectOpenFiles({ sockets, instead }: OpenFiles, limit = readLimit()): void {
  const needed = sockets + others
  if (limit === undefined || limit >= needed) return
  const remedies = [`raise the limit in this shell (ulimit -n ${needed})`, instead ?? []].flat()
  throw new Error(
    `${format(sockets)} connections need ${format(needed)} open files, and a process may have ${format(limit)} here: ` +
      remedies.join(', or ')
  )
}

/** undefined: there is none, or the system does not say. Node raises its own limit as far as it may when it starts. */
function readLimit(): number | undefined {
  const { userLimits } = process.report.getReport() as Report
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isNaN(soft) ? undefined : soft
}

function format(count: number): string {
  return count.toLocaleString('en-US')
}

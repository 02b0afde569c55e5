/**
 * The variables of the environment that set options: those that begin with `SALLYPORT_`. Who else sets such
 * ones may be unable to help it, so that one that is no option is told, and ends nothing.
 */
import { findNearest } from './nearest.js'
import { variableOf } from './option-row.js'
import { optionTable } from './option-table.js'

const prefix = 'SALLYPORT_'

export interface Variables {
  /** What is asked for, by the options' names. */
  readonly values: ReadonlyMap<string, string>
  /** A sentence for each variable that is ignored and may have been meant. */
  readonly warnings: readonly string[]
}

/** An empty variable counts as none. */
export function readVariables(env: NodeJS.ProcessEnv): Variables {
  const names = new Map<string, string>(optionTable.map(({ name }) => [variableOf(name), name]))
  const values = new Map<string, string>()
  const warnings: string[] = []
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || value === undefined || value === '') continue
    const name = names.get(variable)
    if (isOfService(variable, value)) {
      if (name !== undefined) warnings.push(describeService(variable, value))
    } else if (name === undefined) warnings.push(describeUnknown(variable, [...names.keys()]))
    else values.set(name, value)
  }
  return { values, warnings }
}

/**
 * Whether Kubernetes, or a link of Docker, has set it: for each Service of the namespace whose name begins
 * with `sallyport` (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
 */
function isOfService(variable: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(variable) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(variable) ||
    (variable.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  )
}

function describeService(variable: string, value: string): string {
  return `${variable}=${value} is an address that Kubernetes gives of a Service, and is ignored`
}

function describeUnknown(variable: string, known: readonly string[]): string {
  const nearest = findNearest(variable, known)
  const meant = nearest === undefined ? '--help lists the options' : `did you mean ${nearest}?`
  return `${variable} in the environment is no option, and is ignored; ${meant}`
}

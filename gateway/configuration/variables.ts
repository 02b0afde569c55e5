/**
 * The environment variables that set options: those that begin with `SALLYPORT_`, and `PORT`.
 *
 * Many platforms set `PORT`. It sets the option `port` where `SALLYPORT_PORT` does not.
 *
 * A variable that is no option causes a warning, not an error: platforms set such variables too, and a user
 * may be unable to prevent it.
 */
import { suggest } from '../../shared/text/nearest.js'
import { variableOf } from '../options/option-row.js'
import { optionTable } from '../options/option-table.js'

const prefix = 'SALLYPORT_'

/** Names the configuration file. It is no option, and only the program reads it. */
const configVariable = 'SALLYPORT_CONFIG'

export interface Variables {
  /** The values, by the options' names. */
  readonly values: ReadonlyMap<string, string>
  /** The variable that sets an option, by the option's name. */
  readonly origins: ReadonlyMap<string, string>
  /** The path of the configuration file that SALLYPORT_CONFIG names. */
  readonly config: string | undefined
  /** A sentence for each ignored variable that may have been meant as an option. */
  readonly warnings: readonly string[]
}

/** Reads the options of an environment. An empty variable counts as not set. */
export function readVariables(env: NodeJS.ProcessEnv): Variables {
  const names = new Map<string, string>(optionTable.map(({ name }) => [variableOf(name), name]))
  const values = new Map<string, string>()
  const origins = new Map<string, string>()
  const warnings: string[] = []
  const set = (name: string, value: string, variable: string) => {
    values.set(name, value)
    origins.set(name, variable)
  }
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || variable === configVariable) continue
    if (value === undefined || value === '') continue
    const name = names.get(variable)
    if (isOfService(variable, value)) {
      if (name !== undefined) warnings.push(describeService(variable, value))
    } else if (name === undefined) warnings.push(describeUnknown(variable, [...names.keys(), configVariable]))
    else set(name, value, variable)
  }
  const port = env['PORT']
  if (!values.has('port') && port !== undefined && port !== '') {
    if (isOfService('PORT', port)) warnings.push(describeService('PORT', port))
    else set('port', port, 'PORT')
  }
  return { values, origins, config: env[configVariable] || undefined, warnings }
}

/**
 * Whether Kubernetes or a Docker link has set this variable. Kubernetes does so for each Service of the
 * namespace whose name begins with `sallyport`:
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isOfService(variable: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(variable) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(variable) ||
    (/(^|_)PORT$/.test(variable) && /^(tcp|udp|sctp):\/\//.test(value))
  )
}

function describeService(variable: string, value: string): string {
  return `${variable}=${value} is an address that Kubernetes gives of a Service, or Docker of a link, and is ignored`
}

function describeUnknown(variable: string, known: readonly string[]): string {
  const meant = suggest(variable, known).trimEnd() || '--help lists the options'
  return `${variable} in the environment is no option, and is ignored; ${meant}`
}

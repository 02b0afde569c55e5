import t from 'tap'
import { readVariables } from '../../../gateway/configuration/variables.js'
import { variableOf } from '../../../gateway/options/option-row.js'

/**
 * Returns the variables that Kubernetes sets for a Service with two ports, and a port of each other protocol.
 */
function variablesOf(service: string): Record<string, string> {
  const variables: Record<string, string> = {
    [`${service}_SERVICE_HOST`]: '10.0.0.1',
    [`${service}_SERVICE_PORT`]: '3010',
    [`${service}_SERVICE_PORT_WS`]: '3010',
    [`${service}_SERVICE_PORT_LOG_LEVEL`]: '3011',
    [`${service}_PORT`]: 'tcp://10.0.0.1:3010'
  }
  for (const protocol of ['TCP', 'UDP', 'SCTP']) {
    variables[`${service}_PORT_3010_${protocol}`] = `${protocol.toLowerCase()}://10.0.0.1:3010`
    variables[`${service}_PORT_3010_${protocol}_PROTO`] = protocol.toLowerCase()
    variables[`${service}_PORT_3010_${protocol}_PORT`] = '3010'
    variables[`${service}_PORT_3010_${protocol}_ADDR`] = '10.0.0.1'
  }
  return variables
}

t.test(
  'what Kubernetes sets for Services is no option, and only a port among it is worth a word',
  async t => {
    for (const service of ['SALLYPORT_REDIS', 'SALLYPORT_LOG_LEVEL', 'SALLYPORT_0']) {
      const { values, warnings } = readVariables(variablesOf(service))
      t.same([[...values], warnings], [[], []], service)
    }
    const { values, warnings } = readVariables({ ...variablesOf('SALLYPORT'), SALLYPORT_WORKERS: '2' })
    t.same([...values], [['workers', '2']])
    t.same(warnings, [
      'SALLYPORT_PORT=tcp://10.0.0.1:3010 is an address that Kubernetes gives of a Service, or Docker of a link, and is ignored'
    ])
  }
)

t.test(
  'a PORT that is the address of a link is ignored with a warning, unless it would be anyway',
  async t => {
    const warning =
      'PORT=tcp://172.17.0.2:80 is an address that Kubernetes gives of a Service, or Docker of a link, and is ignored'
    for (const [port, wanted] of [
      [undefined, [warning]],
      ['4000', []]
    ] as const) {
      const { values, warnings } = readVariables({ PORT: 'tcp://172.17.0.2:80', SALLYPORT_PORT: port })
      t.equal(values.get('port'), port)
      t.same(warnings, wanted)
    }
  }
)

t.test('an unknown variable is told, with the nearest that there is', async t => {
  const { values, warnings } = readVariables({
    SALLYPORT_PROT: '1',
    SALLYPORT_MAX_CONECTIONS: '1',
    SALLYPORT_WHATEVER: '1',
    SALLYPORT_EMPTY: '',
    SALLYPORTS: '1',
    OTHER: '1'
  })
  t.equal(values.size, 0)
  t.same(warnings, [
    'SALLYPORT_PROT in the environment is no option, and is ignored; did you mean SALLYPORT_PORT?',
    'SALLYPORT_MAX_CONECTIONS in the environment is no option, and is ignored; did you mean SALLYPORT_MAX_CONNECTIONS?',
    'SALLYPORT_WHATEVER in the environment is no option, and is ignored; --help lists the options'
  ])
})

t.test(
  'a value of a known one is taken as it is, also where it is wrong: the check of options refuses it',
  async t => {
    const { values, warnings } = readVariables({
      [variableOf('port')]: 'many',
      [variableOf('host')]: 'tcp://x'
    })
    t.same(Object.fromEntries(values), { port: 'many', host: 'tcp://x' })
    t.same(warnings, [])
  }
)

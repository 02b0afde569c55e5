/** The rows of the option table for the internal port, and for health on the public one. */
import { count, type OptionRow } from './option-row.js'

export const internalOptions = [
  {
    name: 'internalPort',
    check: count(0, 65535, ['auto', 'off']),
    defaultValue: 'off',
    help: 'port for health, metrics and the console; auto: 3011, or the next one that is free; 0: a free one; off: none (default: off; auto on the command line)'
  },
  {
    name: 'internalHost',
    check: { type: 'text' },
    defaultValue: '127.0.0.1',
    help: 'address of the internal port'
  },
  {
    name: 'healthPath',
    check: { type: 'text' },
    defaultValue: 'none',
    help: 'path of the bare health on the public port, such as /healthz; none: no path'
  }
] as const satisfies readonly OptionRow[]

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
    name: 'consoleToken',
    check: { type: 'text', mayBeEmpty: true },
    defaultValue: '',
    isSecret: true,
    help: 'token of the console, of 16 to 1,000 characters of ASCII; a secret (default: a new one at each start, which is printed; in production none: the console is off)'
  },
  {
    name: 'consoleReadOnly',
    check: { type: 'boolean' },
    defaultValue: false,
    help: 'whether the console only shows, and changes nothing'
  },
  {
    name: 'healthPath',
    check: { type: 'text' },
    defaultValue: 'none',
    help: 'path of the bare health on the public port, such as /healthz; none: no path'
  }
] as const satisfies readonly OptionRow[]

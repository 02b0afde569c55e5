/** The options as `sallyport config` shows them: value and origin of each, without secrets. */
import type { OptionRow, PlainValue } from '../options/option-row.js'
import { optionTable } from '../options/option-table.js'
import { formatValue } from '../options/option-value.js'
import { programOptionNames } from '../options/resolve-options.js'

export interface ShownOption {
  readonly name: string
  /**
   * The checked value: times in milliseconds, sizes in bytes; `(secret)` for a secret that is set;
   * `(function)` for one.
   */
  readonly value: PlainValue
  /** The value as a person would write it, such as `30s`. */
  readonly text: string
  /** The flag, the variable or the file that has given it, or `default`. */
  readonly from: string
}

export interface ShownInit {
  /** The plain options, checked, with their defaults. */
  readonly options: Readonly<Record<string, unknown>>
  /** The options as they were given. */
  readonly given: Readonly<Record<string, unknown>>
  readonly origins: ReadonlyMap<string, string>
  /** Default: the option table. */
  readonly rows?: readonly OptionRow[]
}

/** Lists all plain options, and of the others those that are given. */
export function showOptions({ options, given, origins, rows = optionTable }: ShownInit): ShownOption[] {
  const from = (name: string) => origins.get(name) ?? 'default'
  const plain = rows.map(row => {
    const { name, isSecret, defaultValue, check } = row
    const value = options[name] as PlainValue
    if (isSecret === true && value !== defaultValue)
      return { name, value: '(secret)', text: '(secret)', from: from(name) }
    const shown = check.type === 'size' ? (value as number) * check.unit : value
    return { name, value: shown, text: formatValue(row, value), from: from(name) }
  })
  const others = programOptionNames
    .filter(name => given[name] !== undefined)
    .map(name => {
      const value = typeof given[name] === 'function' ? '(function)' : '(object)'
      return { name, value, text: value, from: from(name) }
    })
  return [...plain, ...others]
}

/** Formats the options as a table. */
export function formatOptions(options: readonly ShownOption[]): string {
  const rows = [
    ['option', 'value', 'from'],
    ...options.map(({ name, text, from }) => [name, text || "''", from])
  ]
  const widths = [0, 1].map(column => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(([a, b, c]) => `${a!.padEnd(widths[0]!)}  ${b!.padEnd(widths[1]!)}  ${c}`).join('\n')
}

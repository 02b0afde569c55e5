/**
 * Options that all gateways of a cluster should have alike. Each hello tells them, so that all warn of the
 * ones that differ: a gateway goes by its own.
 */
/** What follows from each, while two gateways differ. */
const effects = {
  singleSession: 'a user may have two sessions',
  replicate: 'a crash ends sessions that others would have kept',
  park: 'the end of one gateway ends sessions that others would have kept'
}

type Name = keyof typeof effects

/** Their values as texts; a gateway of an older version may lack some. */
export type AlikeOptions = Readonly<Partial<Record<Name, string>>>

const names = Object.keys(effects) as Name[]

/** Returns those of a gateway's options. */
export function alikeOf(options: Readonly<Record<Name, string | boolean>>): AlikeOptions {
  return Object.fromEntries(names.map(name => [name, String(options[name])]))
}

/** Reads those of another gateway from its hello, which may have any values. */
export function readAlike(hello: Readonly<Record<string, unknown>>): AlikeOptions {
  const isText = (value: unknown) => typeof value === 'string' && value.length <= mostLength
  return Object.fromEntries(names.filter(name => isText(hello[name])).map(name => [name, hello[name]]))
}

/** Characters of a value that is read. */
const mostLength = 32

/** Returns those that differ, of the ones that both gateways tell, each with what follows. */
export function findUnlike(own: AlikeOptions, other: AlikeOptions): { name: Name; effect: string }[] {
  return names
    .filter(name => own[name] !== undefined && other[name] !== undefined && own[name] !== other[name])
    .map(name => ({ name, effect: effects[name] }))
}

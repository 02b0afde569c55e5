/** Lists of names on one line, cut to the first ones. */

/** Number of names that are told. Of further ones only the number is. */
const shownNames = 8

/** Returns the names, sorted, with commas: `a, b and 3 more`. '' for none. */
export function listNames(names: readonly string[]): string {
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : ''
  return `${names.toSorted().slice(0, shownNames).join(', ')}${more}`
}

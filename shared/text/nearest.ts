/** The suggestion for a mistyped name. */

/**
 * Returns `did you mean X? ` with the name in `names` that is most similar to `name`; '' if none is similar.
 *
 * @param format turns the name into what the user writes, such as `--port`. Default: the name itself
 */
export function suggest(
  name: string,
  names: readonly string[],
  format: (name: string) => string = each => each
): string {
  const nearest = findNearest(name, names)
  return nearest === undefined ? '' : `did you mean ${format(nearest)}? `
}

/**
 * Returns what to write in place of an unknown name, as the end of a sentence: the most similar name that
 * there is, or else all names.
 *
 * @param kind what the names are, such as `options`
 */
export function suggestOrList(name: string, names: readonly string[], kind: string): string {
  return suggest(name, names, each => `\`${each}\``).trimEnd() || `the ${kind} are ${names.join(', ')}`
}

/**
 * Returns the name in `names` that is most similar to `name`; undefined if none is similar. Letter case,
 * hyphens and underscores make no difference: `max-pause` is `maxPause`.
 */
function findNearest(name: string, names: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(name.length / 4))
  let [nearest, least] = [undefined as string | undefined, most + 1]
  for (const each of names) {
    const distance = measureDistance(simplify(name), simplify(each))
    if (distance < least) [nearest, least] = [each, distance]
  }
  return nearest
}

function simplify(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}

/**
 * Returns the edit distance of two texts: the number of characters to change, add, remove or swap with their
 * neighbour.
 */
function measureDistance(a: string, b: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const exchange = isExchange ? beforeLast[j - 2]! + 1 : change
      row.push(Math.min(change, exchange, last[j]! + 1, row[j - 1]! + 1))
    }
    ;[beforeLast, last] = [last, row]
  }
  return last[b.length]!
}

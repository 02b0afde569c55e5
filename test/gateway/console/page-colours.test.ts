/** The colours of the console's page: enough contrast, light and dark (WCAG 2.2, 1.4.3 and 1.4.11). */
import t from 'tap'
import { readText } from '../../helpers/sources.js'

const style = readText('gateway/console/page/styles/base.css')

/** The colours of the style, each as [light, dark]. */
const colours = new Map(
  [...style.matchAll(/^ {2}--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/gm)].map(([, name, light, dark]) => [
    name!,
    [light!, dark!] as const
  ])
)

/** Relative luminance of a colour. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map(at => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high! + 0.05) / (low! + 0.05)
}

const pairs: readonly (readonly [text: string, ground: string, least: number])[] = [
  ...['ink', 'faint', 'accent', 'warn', 'error'].flatMap(text =>
    ['ground', 'card'].map(ground => [text, ground, 4.5] as const)
  ),
  ['on-accent', 'accent', 4.5],
  ['ink', 'wash', 4.5],
  ['accent', 'wash', 4.5],
  ['ink', 'warn-wash', 4.5],
  ['warn', 'warn-wash', 4.5],
  ['ink', 'error-wash', 4.5],
  ['error', 'error-wash', 4.5],
  ...[1, 2, 3, 4].map(line => [`line-${line}`, 'card', 3] as const)
]

for (const [index, theme] of ['light', 'dark'].entries())
  t.test(`in ${theme} colours`, async t => {
    for (const [text, ground, least] of pairs) {
      const ratio = contrast(colours.get(text)![index]!, colours.get(ground)![index]!)
      t.ok(ratio >= least, `${text} on ${ground}: ${ratio.toFixed(2)}`)
    }
  })

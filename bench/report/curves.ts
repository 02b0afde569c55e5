/**
 * Figures as curves over a logarithmic scale, in an SVG file with several panels. Like the bars, it has no
 * script and no font, and colours for light and dark backgrounds.
 */
import { escapeText, round, svgText } from './svg.js'

export interface Curve {
  readonly name: string
  readonly isOurs: boolean
  /** Dashed curves tell a second family of curves from the first. */
  readonly isDashed: boolean
  /** The curve's points, from left to right. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Panel {
  readonly heading: string
  readonly curves: readonly Curve[]
  /** Formats a value of the vertical scale. */
  readonly format: (value: number) => string
}

export interface CurvePicture {
  readonly title: string
  /** Text alternative for those who cannot see the picture. */
  readonly description: string
  /** Heading of the horizontal scale, which all panels share. */
  readonly across: string
  readonly panels: readonly Panel[]
}

const width = 760
const margin = 20
const titleHeight = 44
const headingHeight = 30
const plotHeight = 170
/** Room below a plot for the values of the horizontal scale. */
const scaleHeight = 40
const plotLeft = 80
/** Right end of the plots. The curves' names stand to the right of it. */
const plotRight = 590
/** Least distance of two names below each other. */
const nameHeight = 16

const style = `
    .ground { fill: #ffffff }
    text { fill: #1f2328; font: 13px system-ui, sans-serif }
    .title { font-size: 17px; font-weight: 600 }
    .heading { font-weight: 600 }
    .scale { fill: #59636e; font-size: 12px }
    .grid { stroke: #d1d9e0 }
    polyline { fill: none; stroke-width: 2 }
    .other { stroke: #818b98 }
    .ours { stroke: #0969da }
    .dashed { stroke-dasharray: 6 4 }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117 }
      text { fill: #f0f6fc }
      .scale { fill: #9198a1 }
      .grid { stroke: #3d444d }
      .other { stroke: #656c76 }
      .ours { stroke: #4493f8 }
    }
  `

/** Returns the text of an SVG file. The same picture always results in the same text. */
export function drawCurves({ title, description, across, panels }: CurvePicture): string {
  const xs = panels.flatMap(({ curves }) => curves.flatMap(({ points }) => points.map(([x]) => x)))
  const scale: Scale = { least: Math.min(...xs), most: Math.max(...xs), values: [...new Set(xs)] }
  const panelHeight = headingHeight + plotHeight + scaleHeight
  const height = titleHeight + panels.length * panelHeight + margin
  const lines = panels.flatMap((panel, i) => drawPanel(panel, titleHeight + i * panelHeight, scale, across))
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `  <title id="title">${escapeText(title)}</title>`,
    `  <desc id="description">${escapeText(description)}</desc>`,
    `  <style>${style}</style>`,
    `  <rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    `  ${svgText('title', margin, titleHeight - 14, title)}`,
    ...lines.map(line => `  ${line}`),
    '</svg>'
  ].join('\n')}\n`
}

/** The horizontal scale. */
interface Scale {
  readonly least: number
  readonly most: number
  /** The values that stand below it. */
  readonly values: readonly number[]
}

function drawPanel({ heading, curves, format }: Panel, top: number, scale: Scale, across: string): string[] {
  const bottom = top + headingHeight + plotHeight
  const most = Math.max(...curves.flatMap(({ points }) => points.map(([, y]) => y)), 0)
  const xOf = (x: number) => {
    const share =
      scale.most === scale.least ? 0 : Math.log(x / scale.least) / Math.log(scale.most / scale.least)
    return round(plotLeft + share * (plotRight - plotLeft))
  }
  const yOf = (y: number) => round(bottom - (most === 0 ? 0 : (y / most) * plotHeight))
  const grid = [0, most / 2, most].flatMap(y => [
    `<line class="grid" x1="${plotLeft}" y1="${yOf(y)}" x2="${plotRight}" y2="${yOf(y)}"/>`,
    svgText('scale', plotLeft - 8, yOf(y) + 4, format(y), 'end')
  ])
  const below = scale.values.map(x =>
    svgText('scale', xOf(x), bottom + 18, x.toLocaleString('en-US'), 'middle')
  )
  const ends = curves.map(({ points }) => yOf(points.at(-1)![1]))
  return [
    svgText('heading', margin, top + headingHeight - 12, heading),
    ...grid,
    ...below,
    svgText('scale', plotRight + 14, bottom + 18, across),
    ...curves.map(({ isOurs, isDashed, points }) => {
      const kinds = [isOurs ? 'ours' : 'other', isDashed ? 'dashed' : []].flat().join(' ')
      return `<polyline class="${kinds}" points="${points.map(([x, y]) => `${xOf(x)},${yOf(y)}`).join(' ')}"/>`
    }),
    ...spread(ends).map((y, i) => svgText('name', plotRight + 14, round(y + 4), curves[i]!.name))
  ]
}

/** Moves heights apart that are too near to each other for names, in the order of the heights. */
function spread(heights: readonly number[]): number[] {
  const moved = [...heights]
  const order = heights.map((_, i) => i).sort((a, b) => heights[b]! - heights[a]!)
  for (const [n, i] of order.entries()) {
    if (n > 0) moved[i] = Math.min(moved[i]!, moved[order[n - 1]!]! - nameHeight)
  }
  return moved
}

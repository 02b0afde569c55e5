/**
 * Figures as horizontal bars in an SVG file. It has no script and no font, and colours for light and dark
 * backgrounds.
 */

import { escapeText, round, svgText } from './svg.js'

export interface Bar {
  readonly name: string
  readonly value: number
  readonly isOurs: boolean
}

export interface Group {
  readonly heading: string
  readonly bars: readonly Bar[]
}

export interface Picture {
  readonly title: string
  /** Text alternative for those who cannot see the picture. */
  readonly description: string
  /** Groups of bars; all bars have the same scale. */
  readonly groups: readonly Group[]
}

const width = 760
const margin = 20
/** Left end and greatest length of bars. Names stand to the left of the bars, values to the right. */
const barsLeft = 220
const longestBar = 440
const rowHeight = 26
const barHeight = 16
const headingHeight = 34
const titleHeight = 44

const style = `
    .ground { fill: #ffffff }
    text { fill: #1f2328; font: 13px system-ui, sans-serif }
    .title { font-size: 17px; font-weight: 600 }
    .heading { fill: #59636e }
    .other { fill: #afb8c1 }
    .ours { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117 }
      text { fill: #f0f6fc }
      .heading { fill: #9198a1 }
      .other { fill: #656c76 }
      .ours { fill: #4493f8 }
    }
  `

/** Returns the text of an SVG file. The same picture always results in the same text. */
export function drawBars({ title, description, groups }: Picture): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)), 0)
  const lines: string[] = []
  let top = titleHeight
  for (const { heading, bars } of groups) {
    lines.push(svgText('heading', margin, top + headingHeight / 2, heading))
    top += headingHeight
    for (const bar of bars) {
      lines.push(...drawBar(bar, top, most))
      top += rowHeight
    }
  }
  const height = top + margin
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

function drawBar({ name, value, isOurs }: Bar, top: number, most: number): string[] {
  const length = most === 0 ? 0 : round((value / most) * longestBar)
  const baseline = top + barHeight - 3
  return [
    svgText('name', barsLeft - 10, baseline, name, 'end'),
    `<rect class="${isOurs ? 'ours' : 'other'}" x="${barsLeft}" y="${top}" width="${length}" height="${barHeight}" rx="2"/>`,
    svgText('value', round(barsLeft + length + 8), baseline, Math.round(value).toLocaleString('en-US'))
  ]
}

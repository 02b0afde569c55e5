/** The text of the bench's SVG picture. */
import t from 'tap'
import { drawBars, type Picture } from '../../../bench/report/picture.js'

const picture: Picture = {
  title: 'Requests a second',
  description: 'Of three',
  groups: [
    {
      heading: 'Many in flight',
      bars: [
        { name: 'ours', value: 80_000, isOurs: true },
        { name: 'half', value: 40_000, isOurs: false }
      ]
    },
    { heading: 'One in flight', bars: [{ name: 'quarter', value: 20_000, isOurs: false }] }
  ]
}

/** Returns an attribute of each bar, in order. */
function barsOf(svg: string, attribute: string): string[] {
  const bars = [...svg.matchAll(/<rect class="(?:ours|other)"[^>]*>/g)].map(([bar]) => bar)
  return bars.map(bar => new RegExp(` ${attribute}="([^"]*)"`).exec(bar)![1]!)
}

function textsOf(svg: string, kind: string): string[] {
  return [...svg.matchAll(new RegExp(`<text class="${kind}"[^>]*>([^<]*)</text>`, 'g'))].map(
    ([, text]) => text!
  )
}

t.test('bars are as long as their values, on one scale for all groups', async t => {
  const [ours, half, quarter] = barsOf(drawBars(picture), 'width').map(Number) as [number, number, number]
  t.equal(half, ours / 2)
  t.equal(quarter, ours / 4)
})

t.test('no two bars are at one height, and all are inside the picture', async t => {
  const svg = drawBars(picture)
  const tops = barsOf(svg, 'y').map(Number)
  const [, height] = /viewBox="0 0 \d+ (\d+)"/.exec(svg)!.map(Number) as [number, number]
  t.same(
    tops,
    [...new Set(tops)].sort((a, b) => a - b)
  )
  t.ok(tops.every(top => top > 0 && top + Number(barsOf(svg, 'height')[0]) < height))
})

t.test('each bar has its name, its figure, and a colour that says whether it is ours', async t => {
  const svg = drawBars(picture)
  t.same(textsOf(svg, 'name'), ['ours', 'half', 'quarter'])
  t.same(textsOf(svg, 'value'), ['80,000', '40,000', '20,000'])
  t.same(textsOf(svg, 'heading'), ['Many in flight', 'One in flight'])
  t.same(barsOf(svg, 'class'), ['ours', 'other', 'other'])
})

t.test('what is told to those who do not see it is there, and so are colours for dark ground', async t => {
  const svg = drawBars(picture)
  t.match(svg, '<title id="title">Requests a second</title>')
  t.match(svg, '<desc id="description">Of three</desc>')
  t.match(svg, '@media (prefers-color-scheme: dark)')
})

t.test('no text ends the element that it stands in', async t => {
  const evil = '</text><script>"&\''
  const safe = "&lt;/text&gt;&lt;script&gt;&quot;&amp;'"
  const svg = drawBars({
    title: evil,
    description: evil,
    groups: [{ heading: evil, bars: [{ name: evil, value: 1, isOurs: false }] }]
  })
  t.notMatch(svg, '<script')
  for (const kind of ['title', 'heading', 'name']) t.same(textsOf(svg, kind), [safe])
  t.match(svg, `<title id="title">${safe}</title>`)
  t.match(svg, `<desc id="description">${safe}</desc>`)
})

t.test('the same figures give the same text, and none give a picture without bars', async t => {
  t.equal(drawBars(picture), drawBars(structuredClone(picture)))
  t.same(barsOf(drawBars({ ...picture, groups: [] }), 'width'), [])
  const nothing = { heading: '', bars: [{ name: '', value: 0, isOurs: true }] }
  t.same(barsOf(drawBars({ ...picture, groups: [nothing] }), 'width'), ['0'])
})

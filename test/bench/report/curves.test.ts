/** The text of the pictures with curves. */
import t from 'tap'
import { type CurvePicture, drawCurves } from '../../../bench/report/curves.js'

const picture: CurvePicture = {
  title: 'Growth',
  description: 'Of two',
  across: 'sockets',
  panels: [
    {
      heading: 'Requests',
      format: value => `${value}!`,
      curves: [
        {
          name: 'ours & all',
          isOurs: true,
          isDashed: false,
          points: [
            [10, 50],
            [100, 100],
            [1000, 25]
          ]
        },
        {
          name: 'echo',
          isOurs: false,
          isDashed: true,
          points: [
            [10, 0],
            [1000, 25]
          ]
        }
      ]
    }
  ]
}

/** Returns the points of each curve, in pixels. */
function pointsOf(svg: string): number[][][] {
  return [...svg.matchAll(/<polyline class="[^"]*" points="([^"]*)"/g)].map(([, points]) =>
    points!.split(' ').map(point => point.split(',').map(Number))
  )
}

t.test('points are as high as their values, and as far to the right as their logarithms', async t => {
  const [[left, middle, right], [low]] = pointsOf(drawCurves(picture)) as [number[][], number[][]]
  t.equal(left![0]! + (right![0]! - left![0]!) / 2, middle![0])
  const bottom = low![1]!
  t.equal(bottom - left![1]!, (bottom - middle![1]!) / 2)
  t.equal(bottom - right![1]!, (bottom - middle![1]!) / 4)
})

t.test('names of curves that end at one height do not cover each other', async t => {
  const svg = drawCurves(picture)
  const names = [...svg.matchAll(/<text class="name" x="\d+" y="([\d.]+)">([^<]*)</g)]
  t.same(
    names.map(([, , name]) => name),
    ['ours &amp; all', 'echo']
  )
  t.ok(Math.abs(Number(names[0]![1]) - Number(names[1]![1])) >= 16)
})

t.test('the scales have the values, and the picture a title and a description', async t => {
  const svg = drawCurves(picture)
  for (const text of [
    '>100!<',
    '>50!<',
    '>1,000<',
    '>sockets<',
    '>Requests<',
    '>Growth</title>',
    '>Of two</desc>'
  ])
    t.ok(svg.includes(text), text)
  t.equal(svg.match(/class="other dashed"/g)?.length, 1)
})

/** Callbacks of several requests that are called in one tick. */
import t from 'tap'
import { settle } from '../../../workers/api/callback.js'
import { Author, actAs, currentAuthor } from '../../../workers/runtime/author.js'

t.test('each is the doing of the request that gave it', async t => {
  const seen: unknown[] = []
  const [one, two] = [
    new Author({ rid: 1, route: 'a.one', sid: 7 }, 0),
    new Author({ rid: 2, route: 'a.two', sid: 7 }, 0)
  ]
  const answered = Promise.resolve()
  await new Promise<void>(resolve => {
    actAs(one, () => settle(answered, () => seen.push(currentAuthor())))
    settle(answered, () => seen.push(currentAuthor()))
    actAs(two, () =>
      settle(answered, () => {
        seen.push(currentAuthor())
        resolve()
      })
    )
  })
  t.same(seen, [one, undefined, two])
})

/** The members of a handler's context. */
import t from 'tap'
import { HandlerContext } from '../../../workers/api/context.js'
import { readText } from '../../helpers/sources.js'

t.test('the reference lists each member of a context, and no other', async t => {
  const [, section] = readText('docs/reference/handlers.md').split('\n## The context\n')
  const [table] = section!.trim().split('\n\n')
  const cells = [...table!.matchAll(/^\| (`[^|]+?`) +\|/gm)].map(([, names]) => names!)
  const listed = cells.flatMap(cell => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name!))
  const members = Object.getOwnPropertyNames(HandlerContext.prototype).filter(name => name !== 'constructor')
  t.same(listed.sort(), members.sort())
})

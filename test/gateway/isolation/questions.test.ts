/** The questions to a worker process: answers that nobody waits for, and the end of the worker. */
import t from 'tap'
import { Questions, type WorkerAnswer } from '../../../gateway/isolation/questions.js'

/** Asks, and returns the number of the question and its answer. */
function ask(questions: Questions) {
  let id = 0
  const answer = questions.ask(each => {
    id = each
  })
  answer.catch(() => {})
  return { id, answer }
}

t.test('each question gets its own answer, in any order, and the first one counts', async t => {
  const questions = new Questions()
  const [one, two] = [ask(questions), ask(questions)]
  questions.answered({ id: two.id, answer: 'two' })
  questions.answered({ id: one.id, answer: 'one' })
  questions.answered({ id: one.id, answer: 'one again' })
  t.same(await Promise.all([one.answer, two.answer]), ['one', 'two'])
})

t.test('an answer that nobody waits for is ignored', async t => {
  const questions = new Questions()
  const { id, answer } = ask(questions)
  for (const forged of [{}, { id: `${id}` }, { id: id + 1 }, { id: null }, { id: { valueOf: () => id } }])
    questions.answered({ ...forged, answer: 'forged' } as Partial<WorkerAnswer>)
  questions.answered({ id, answer: 'true' })
  t.equal(await answer, 'true')
})

t.test('a failure is an error, however long its text is', async t => {
  const questions = new Questions()
  const { id, answer } = ask(questions)
  questions.answered({ id, failure: 'x'.repeat(1_000_000) })
  await t.rejects(answer, { message: 'x'.repeat(200) })
})

t.test('a failure that is no text is none', async t => {
  const questions = new Questions()
  const { id, answer } = ask(questions)
  questions.answered({ id, answer: 1, failure: { message: 'no' } })
  t.equal(await answer, 1)
})

t.test('the end of the worker fails all questions, and later ones', async t => {
  const questions = new Questions()
  const { id, answer } = ask(questions)
  questions.close(new Error('its process ended'))
  questions.answered({ id, answer: 'late' })
  await t.rejects(answer, { message: 'its process ended' })
  let sent = 0
  await t.rejects(
    questions.ask(() => sent++),
    { message: 'its process ended' }
  )
  t.equal(sent, 0)
})

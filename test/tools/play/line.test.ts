/** Lines that are typed in `sallyport play`: requests, commands, completion. */
import t from 'tap'
import { completeLine, formatLineHelp, readLine } from '../../../tools/play/line.js'

t.test('a line is a request, or a command with a dot', async t => {
  const rows: readonly [string, object][] = [
    ['', { kind: 'nothing' }],
    ['  # a comment', { kind: 'nothing' }],
    ['room.here', { kind: 'request', route: 'room.here', body: undefined }],
    [' room.enter  {"room": "a b"} ', { kind: 'request', route: 'room.enter', body: { room: 'a b' } }],
    ['score.add 3', { kind: 'request', route: 'score.add', body: 3 }],
    ['.notify a.b [1]', { kind: 'notify', route: 'a.b', body: [1] }],
    ['.cut', { kind: 'cut', ms: undefined }],
    ['.cut 2s', { kind: 'cut', ms: 2_000 }],
    ['.resume', { kind: 'resume' }],
    ['.wait news 500ms', { kind: 'wait', event: 'news', ms: 500 }],
    ['.sleep 1m', { kind: 'sleep', ms: 60_000 }],
    ['.events off', { kind: 'events', isOn: false }],
    ['.quit', { kind: 'exit' }]
  ]
  for (const [text, line] of rows) t.same(readLine(text), line, text)
})

t.test('a wrong line says what was expected', async t => {
  const rows: readonly [string, RegExp][] = [
    ['a.b {x}', /^Expected the body to be JSON: /],
    ['.notify', /^Expected \.notify ROUTE \[JSON\]$/],
    ['.wait', /^Expected \.wait EVENT \[TIME\]$/],
    ['.cut 2', /^Expected the time to be a duration such as 500ms, 2s or 1m, got "2"$/],
    ['.sleep', /^Expected \.sleep TIME/],
    ['.events maybe', /^Expected \.events on or \.events off$/],
    ['.resum', /^There is no command \.resum; did you mean \.resume\? \.help lists them$/]
  ]
  for (const [text, message] of rows)
    t.throws(() => readLine(text), { code: 'OPTION_INVALID', message }, text)
})

t.test('routes and commands are completed, and bodies are not', async t => {
  const routes = ['room.leave', 'room.enter', 'chat.say']
  t.same(completeLine('room.', routes), [['room.enter', 'room.leave'], 'room.'])
  t.same(completeLine('.re', routes), [['.resume'], '.re'])
  t.same(completeLine('.notify ch', routes), [['chat.say'], 'ch'])
  t.same(completeLine('', routes)[0].length, 3)
  t.same(completeLine('chat.say {"a', routes)[0], [])
})

t.test('a name that a terminal would obey is not completed', async t => {
  t.same(completeLine('room', ['room.\u001b[2J', 'room.enter'])[0], ['room.enter'])
})

t.test('the help has two columns, both aligned to the left', async t => {
  const lines = formatLineHelp()
  const starts = lines.map(line => /^\S.*?\S {2,}/.exec(line)![0].length)
  t.equal(new Set(starts).size, 1)
})

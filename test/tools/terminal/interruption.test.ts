/** The signals that end a tool. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../../helpers/paths.js'

/** Starts a program that says when it is asked to end, and goes on. Its clock can be held at one moment. */
async function start(t: Test, isHeld: boolean) {
  const file = join(root, 'dist/tools/terminal/interruption.js')
  const code = `
    import { hearInterruption } from ${JSON.stringify(file)}
    if (${isHeld}) performance.now = () => 1_000
    hearInterruption(() => console.log('asked'))
    setInterval(() => {}, 1_000)
    process.on('SIGUSR2', () => process.exit(0))
    console.log('up')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const line = async () => String((await once(child.stdout, 'data'))[0])
  t.equal(await line(), 'up\n')
  return { child, exited, line }
}

t.test('the first signal asks, and the same one at the same moment is no second one', async t => {
  const { child, exited, line } = await start(t, true)
  child.kill('SIGTERM')
  t.equal(await line(), 'asked\n')
  for (let i = 0; i < 10; i++) child.kill('SIGTERM')
  child.kill('SIGUSR2')
  t.equal((await exited)[0], 0)
})

t.test('another signal ends it at once, and so does the same one a while later', async t => {
  const other = await start(t, true)
  other.child.kill('SIGTERM')
  t.equal(await other.line(), 'asked\n')
  other.child.kill('SIGINT')
  t.equal((await other.exited)[0], 130)
  const { child, exited, line } = await start(t, false)
  child.kill('SIGTERM')
  t.equal(await line(), 'asked\n')
  const again = setInterval(() => child.kill('SIGTERM'), 10)
  t.teardown(() => clearInterval(again))
  t.equal((await exited)[0], 143)
})

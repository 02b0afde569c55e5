/** What a program has started ends with it, also if it is killed the moment after. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { root } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const childFile = pathToFileURL(join(root, 'dist/tools/cluster/child.js')).href

for (const end of ["process.kill(process.pid, 'SIGKILL')", 'process.exit()']) {
  t.test(`a program that ends by ${end} takes along what it has started`, async t => {
    const source = `
      import { Child } from ${JSON.stringify(childFile)}
      const args = ['-e', 'setInterval(() => {}, 1000)']
      const start = () => Child.start({ command: process.execPath, args, onLine: () => {} })
      const children = [await start(), await start()]
      console.log(children.map(({ pid }) => pid).join(' '))
      ${end}`
    const program = spawn(process.execPath, ['--input-type=module', '-e', source])
    const pids = (await text(program.stdout)).trim().split(' ').map(Number)
    t.equal(pids.length, 2)
    for (const pid of pids) await until('it is gone', () => !isRunning(pid))
  })
}

t.test('a guard that takes the place of another one knows what had been started before', async t => {
  const source = `
    import { ChildProcess } from 'node:child_process'
    import { once } from 'node:events'
    const guards = []
    const { spawn } = ChildProcess.prototype
    ChildProcess.prototype.spawn = function (options) {
      if (options.args.some(each => each.endsWith('guard-process.js'))) guards.push(this)
      return spawn.call(this, options)
    }
    const { Child } = await import(${JSON.stringify(childFile)})
    const args = ['-e', 'setInterval(() => {}, 1000)']
    const start = () => Child.start({ command: process.execPath, args, onLine: () => {} })
    const children = [await start()]
    const listeners = process.listenerCount('exit')
    guards[0].kill('SIGKILL')
    await once(guards[0], 'exit')
    children.push(await start())
    const added = process.listenerCount('exit') - listeners
    console.log([guards.length, added, ...children.map(({ pid }) => pid)].join(' '))
    process.kill(process.pid, 'SIGKILL')`
  const program = spawn(process.execPath, ['--input-type=module', '-e', source])
  const [guards, added, ...pids] = (await text(program.stdout)).trim().split(' ').map(Number)
  t.same([guards, added, pids.length], [2, 0, 2])
  for (const pid of pids) await until('it is gone', () => !isRunning(pid))
})

/** Whether a process runs. On Linux, one that has ended is there until its parent has asked for its end. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self/stat') || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

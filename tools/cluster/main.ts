/**
 * `npm run cluster`: several gateways as one on this machine, to try them out. The first signal ends them in
 * order, the second one at once.
 */
import { hearInterruption } from '../terminal/interruption.js'
import { painterFor } from '../terminal/output.js'
import { readClusterArguments, usage } from './arguments.js'
import { LocalCluster } from './local-cluster.js'

let cluster: LocalCluster | undefined

// Nothing may be left over, however this process ends.
process.on('exit', () => cluster?.kill())

hearInterruption(() => {
  if (cluster === undefined) process.exit(0)
  process.stderr.write('Ending all; once more to end them at once.\n')
  cluster.end().then(() => process.exit(0), fail)
})

try {
  const args = readClusterArguments(process.argv.slice(2))
  if (args.isHelp) process.stdout.write(usage)
  else {
    const paint = painterFor(process.stdout, process.env)
    cluster = new LocalCluster({
      ...args,
      onLine: (name, line, stream) => {
        const target = stream === 'out' ? process.stdout : process.stderr
        target.write(`${paint('cyan', name.padEnd(4))} ${paint('dim', '|')} ${line}\n`)
      }
    })
    await cluster.start()
    process.stdout.write(describe(cluster))
  }
} catch (error) {
  if (cluster?.isEnding !== true) fail(error)
}

/** Says once that all is up, where, and what to try. */
function describe({ url, natsUrl, natsPid, members }: LocalCluster): string {
  const rows = members.map(
    ({ name, url, child, consoleUrl }) =>
      `  ${name.padEnd(10)}${url}  process ${child.pid}${consoleUrl === undefined ? '' : `  console ${consoleUrl}`}\n`
  )
  const [{ name, child }] = members as [(typeof members)[number]]
  return `
All are up:

  balancer  ${url}  each connection goes to the next gateway
  nats      ${natsUrl}${natsPid === undefined ? '' : `  process ${natsPid}`}
${rows.join('')}
  Open it in a browser, in windows side by side:
    ${url.replace(/^ws/, 'http')}/

  Try \`kill -TERM ${child.pid}\`, which drains ${name}, or \`kill -KILL ${child.pid}\`: it is started again.
  Ctrl-C ends all.
`
}

function fail(error: unknown): void {
  const { name, code, syscall, message, stack } = error as NodeJS.ErrnoException
  // As for the program `sallyport`: what the system reports, such as a port that is taken, is one sentence.
  const isSentence = name === 'GatewayError' || (code !== undefined && syscall !== undefined)
  process.stderr.write(`cluster: ${isSentence ? message : (stack ?? message)}\n`)
  process.exit(1)
}

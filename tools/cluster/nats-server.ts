/** A nats-server with JetStream, from the path: starts it on a free port, with a store of its own. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../../shared/errors.js'
import { Child } from './child.js'

/** Milliseconds that it has to start. */
const longestStart = 10_000

export interface NatsServer {
  readonly child: Child
  readonly url: string
}

export interface NatsServerInit {
  /** A folder of its own, for its store and its port. */
  readonly folder: string
  /** 0: any free port. */
  readonly port: number
  onLine(line: string): void
}

/** @throws `OPTION_INVALID` if there is no nats-server on the path, or if it does not start */
export async function startNatsServer({ folder, port, onLine }: NatsServerInit): Promise<NatsServer> {
  const onProblem = (line: string) => {
    if (/\[(WRN|ERR|FTL)\]/.test(line)) onLine(line)
  }
  const args = ['-a', '127.0.0.1', '-p', String(port || -1), '-js', '-sd', folder, '--ports_file_dir', folder]
  const child = await Child.start({ command: 'nats-server', args, onLine: onProblem }).catch(error => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? errors.optionInvalid(howToGetIt) : error
  })
  return { child, url: await waitForUrl(child, folder) }
}

const howToGetIt = `There is no nats-server on the path. Install it: apt-get install nats-server, brew install nats-server, or
https://nats.io/download. Or name a server that runs: npm run cluster -- --nats nats://127.0.0.1:4222`

/** Waits for the file in which it tells its address, once it accepts connections. */
async function waitForUrl(child: Child, folder: string): Promise<string> {
  const end = performance.now() + longestStart
  let isOver = false
  void child.ended.then(() => (isOver = true))
  while (!isOver && performance.now() < end) {
    const file = readdirSync(folder).find(name => name.endsWith(`_${child.pid}.ports`))
    const url = file === undefined ? undefined : readUrl(join(folder, file))
    if (url !== undefined) return url
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  child.kill('SIGKILL')
  throw errors.optionInvalid('nats-server did not start')
}

/** Returns the first address; undefined while the file is being written. */
function readUrl(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { nats?: string[] }).nats?.[0]
  } catch {
    return undefined
  }
}

/** Explains why a port cannot be listened on, and what to do about it. */
import cluster from 'node:cluster'

/** The flags that choose the port and the address, as the explanation names them. */
export interface ListenFlags {
  readonly port: string
  readonly host: string
}

/** Returns why a port can't be listened on, and what to do, if the error tells. */
export function explainListenError(
  { code, message }: NodeJS.ErrnoException,
  { port, host }: ListenFlags
): string {
  switch (code) {
    case 'EADDRINUSE':
      if (cluster.isWorker)
        return 'another process of this cluster listens there already. A gateway is one process, with workers of its own on all cores: start it once (pm2: exec_mode fork, instances 1)'
      return `another program listens there already; end it, or choose another port: ${port} 0 takes a free one`
    case 'EACCES':
      return `this user may not listen there; choose a port from 1024 on: ${port} 0 takes a free one`
    case 'EADDRNOTAVAIL':
      return `this machine has no such address; ${host} 0.0.0.0 listens on all that it has`
    case 'ENOTFOUND':
      return `the name has no address; ${host} takes an address of this machine`
    default:
      return message
  }
}

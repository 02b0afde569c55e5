/** The options for a gateway that is one of several, which meet on NATS. */
import { bytes, count, ms, type OptionRow } from './option-row.js'

/** The name of a gateway that was given none. */
export const defaultFrontendId = 'gateway-1'

/** Bytes of the name of a gateway in a cluster: the others skip a hello with a longer one. */
export const longestFrontendId = 256

/** The name of a cluster that was given none. */
export const defaultCluster = 'sallyport'

/** Milliseconds between two looks for changed sessions. */
export const defaultReplicateEvery = 1_000

/** What a gateway does with the sessions of its users while it has no lease: keep them, or end them. */
export type Fence = 'keep' | 'end'

/** Whether a gateway without its message bus counts as ready: `lax` yes, `strict` no. */
export type ClusterReady = 'lax' | 'strict'

/**
 * Whether sessions outlive a crash of their gateway: `none` no; `behind` as they were up to `replicateEvery`
 * ago; `through` with all that handlers have awaited.
 */
export type Replicate = 'none' | 'behind' | 'through'

export interface ClusterOptions {
  /**
   * Servers of NATS, separated by commas, such as `nats://10.0.0.1:4222,nats://10.0.0.2:4222`; `tls://` for
   * connections that must be encrypted. With them, this gateway is one of a cluster. Default: `none`, a
   * gateway on its own.
   */
  nats: string
  /** The file with the credentials of NATS (`.creds`), a JWT and its key. Default: '', none. */
  natsCredentials: string
  /** The token that NATS asks for. Default: '', none. */
  natsToken: string
  /** The user that NATS asks for. Default: '', none. */
  natsUser: string
  /** The password of `natsUser`. Default: '', none. */
  natsPassword: string
  /** The PEM file of the authorities that may certify NATS. Default: '', those that Node.js knows. */
  natsTlsCa: string
  /** The PEM file of the certificate that NATS asks for. Default: '', none. */
  natsTlsCert: string
  /** The PEM file of that certificate's key. Default: '', none. */
  natsTlsKey: string
  /**
   * The name of the cluster, of at most 128 bytes. Gateways with the same name are one cluster. Default:
   * `sallyport`.
   */
  cluster: string
  /** Servers of NATS that keep each log of the cluster: 3 in production. Default: 1. */
  clusterReplicas: number
  /**
   * Milliseconds for which a gateway may act without word from it. So long, after a crash, its users can't
   * log in, and its name is taken. Default: 5,000.
   */
  leaseTtl: number
  /**
   * Milliseconds that an operation on a session of another gateway may take. Beyond it, it fails with
   * CLUSTER_TIMEOUT. Default: 3,000.
   */
  clusterTimeout: number
  /**
   * Milliseconds that a bind may take which needs a claim. Beyond it, it fails with CLUSTER_UNAVAILABLE. With
   * `singleSession` it has to be greater than `leaseTtl`. A bind of another gateway's session has
   * `clusterTimeout` besides.
   * Default: 7,000.
   */
  claimTimeout: number
  /** Bytes that may be on their way to one other gateway. What is more waits. Default: 1,048,576. */
  clusterWindow: number
  /**
   * Bytes that may wait for one other gateway. Beyond it, operations fail with CLUSTER_UNAVAILABLE, and
   * events are dropped. A session moves with up to half of it, but 8 MiB at least and 32 MiB at most; a
   * larger one ends when its client comes to another gateway. Default: 16,777,216.
   */
  clusterQueueBytes: number
  /**
   * What happens to the sessions of users when the gateway loses its lease, if `singleSession` is on: `keep`
   * lets them play on, so that a user may play twice, and `end` ends them. `end` needs `singleSession`.
   * Default: `keep`.
   */
  fence: Fence
  /** Whether a gateway without its message bus counts as ready. Default: `lax`, it does. */
  clusterReady: ClusterReady
  /**
   * Milliseconds for which a gateway that was drained stays, to hand its sessions over. Default: 10,000.
   */
  handoverTimeout: number
  /**
   * Whether NATS keeps the sessions of a gateway for the time after its crash: their users, settings and
   * channels. `behind`: changed sessions are written each `replicateEvery`. `through`: what changes a session
   * and is awaited also waits for that, and fails with SESSION_NOT_KEPT if NATS does not keep it within
   * `clusterTimeout`. Clients are told (`restored: true`). The same in all gateways. Default: `none`.
   */
  replicate: Replicate
  /** Milliseconds between two looks for changed sessions, if `replicate` or `park` is on. Default: 1,000. */
  replicateEvery: number
  /**
   * Whether a drained gateway leaves sessions in NATS that no client has taken elsewhere within
   * `handoverTimeout`, until their resume window ends. The same in all gateways. Default: false.
   */
  park: boolean
}

const noFile = { check: { type: 'file' }, defaultValue: '' } as const
const noText = { check: { type: 'text', mayBeEmpty: true }, defaultValue: '' } as const

export const clusterOptions = [
  {
    name: 'nats',
    check: { type: 'list' },
    defaultValue: 'none',
    help: 'servers of NATS, comma-separated, such as nats://10.0.0.1:4222, by which gateways are a cluster; none: a gateway on its own'
  },
  { name: 'natsCredentials', ...noFile, help: 'the credentials for NATS, a .creds file (default: none)' },
  { name: 'natsToken', ...noText, isSecret: true, help: 'the token for NATS; a secret (default: none)' },
  { name: 'natsUser', ...noText, help: 'the user for NATS (default: none)' },
  {
    name: 'natsPassword',
    ...noText,
    isSecret: true,
    help: "that user's password; a secret (default: none)"
  },
  {
    name: 'natsTlsCa',
    ...noFile,
    help: 'the authorities that may certify NATS, as PEM (default: those that Node.js knows)'
  },
  { name: 'natsTlsCert', ...noFile, help: 'the certificate for NATS, as PEM (default: none)' },
  { name: 'natsTlsKey', ...noFile, help: "that certificate's key, as PEM (default: none)" },
  {
    name: 'cluster',
    check: { type: 'text' },
    defaultValue: defaultCluster,
    help: 'name of the cluster, at most 128 bytes; gateways with the same name are one cluster'
  },
  {
    name: 'clusterReplicas',
    check: count(1, 5),
    defaultValue: 1,
    help: 'servers of NATS that keep each log of the cluster; 3 in production'
  },
  {
    name: 'leaseTtl',
    check: ms(1_000),
    defaultValue: 5_000,
    help: 'time for which a gateway may be silent before others take over its users and its name'
  },
  {
    name: 'clusterTimeout',
    check: ms(1),
    defaultValue: 3_000,
    help: 'time that an operation on a session of another gateway may take'
  },
  {
    name: 'claimTimeout',
    check: ms(1),
    defaultValue: 7_000,
    help: 'time that a bind may wait for the claim of its user; more than leaseTtl, with singleSession'
  },
  {
    name: 'clusterWindow',
    check: bytes(65_536),
    defaultValue: 1_048_576,
    help: 'bytes that may be on their way to one other gateway'
  },
  {
    name: 'clusterQueueBytes',
    check: bytes(65_536),
    defaultValue: 16_777_216,
    help: 'bytes that may wait for one other gateway before operations fail and events are dropped'
  },
  {
    name: 'fence',
    check: { type: 'word', words: ['keep', 'end'] },
    defaultValue: 'keep',
    help: 'what happens to the sessions of users if the lease is lost and singleSession is on: they stay, or end; end needs singleSession'
  },
  {
    name: 'clusterReady',
    check: { type: 'word', words: ['lax', 'strict'] },
    defaultValue: 'lax',
    help: 'whether a gateway without NATS is ready: lax, it is; strict, it is not'
  },
  {
    name: 'handoverTimeout',
    check: ms(0),
    defaultValue: 10_000,
    help: 'time for which a drained gateway stays to hand its sessions over'
  },
  {
    name: 'replicate',
    check: { type: 'word', words: ['none', 'behind', 'through'] },
    defaultValue: 'none',
    help: 'whether NATS keeps sessions for after a crash: no, each replicateEvery, or before each awaited change is answered'
  },
  {
    name: 'replicateEvery',
    check: ms(10),
    defaultValue: defaultReplicateEvery,
    help: 'time between two looks for changed sessions, if replicate or park is on'
  },
  {
    name: 'park',
    check: { type: 'boolean' },
    defaultValue: false,
    help: 'whether a drained gateway leaves the sessions that nobody has taken in NATS, until their resume window ends'
  }
] as const satisfies readonly OptionRow[]

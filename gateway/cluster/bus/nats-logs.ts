/**
 * Logs in JetStream, by bare messages to it: a stream for each log, with a subject for each key.
 *
 * The client's own modules for JetStream cost several times as much per call. Its store for keys reads from
 * any replica, which may be behind; `MSG.GET` with `next_by_subj` is answered by the stream's leader.
 */
import { errors } from '../../../shared/errors.js'
import type { Entry, LogInit } from './bus.js'
import type { BusLog } from './bus-listeners.js'
import { subjectOfEntry } from './subjects.js'

/** Milliseconds for which a log is tried to be made: NATS may be choosing a leader. */
const makingTimeout = 10_000

/** Milliseconds between two attempts. */
const makeAgainAfter = 200

/**
 * Attempts to make a log whose subjects are another stream's. That other one is the same log, if two gateways
 * make it at the same moment (measured: in one of 160 such moments).
 */
const overlapTries = 5

/** Codes of JetStream's errors. */
const codes = { unavailable: 10008, noMessage: 10037, unlike: 10058, noStream: 10059, overlap: 10065 }

/** Codes of the answers to a removal of what is not there, by where in its stream that would be. */
const notThere: readonly unknown[] = [10043, 10057]

/** What JetStream answers, if it is what it seems to be. */
interface JetAnswer {
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string }
  readonly seq?: number
  readonly success?: boolean
  readonly created?: string
  readonly config?: { readonly max_age?: number; readonly num_replicas?: number }
  readonly message?: { readonly seq?: number; readonly data?: string }
}

export interface NatsLogsInit {
  readonly cluster: string
  readonly replicas: number
  readonly log: BusLog
  /** Sends a request. `nobody`: nobody listens there; undefined: no answer in time. */
  readonly request: (subject: string, bytes: Uint8Array) => Promise<Buffer | 'nobody' | undefined>
  readonly isClosed: () => boolean
}

export class NatsLogs {
  readonly #init: NatsLogsInit
  readonly #made = new Map<string, LogInit>()
  /** Logs that are being made again. */
  readonly #making = new Set<string>()

  constructor(init: NatsLogsInit) {
    this.#init = init
  }

  /** Waits until JetStream answers. @throws `NATS_FAILED`, if it is off or gives no answer */
  async expectJetStream(): Promise<void> {
    const answer = await this.#insist('INFO', {})
    if (answer?.error !== undefined || answer === undefined)
      throw errors.natsFailed(describeJetStream(answer))
  }

  /** @throws `NATS_FAILED` */
  async make(log: LogInit): Promise<void> {
    const answer = await this.#create(log, overlapTries)
    if (answer?.error?.err_code === codes.unlike) await this.#adopt(log)
    else if (answer?.error !== undefined || answer === undefined) throw this.#explain(log, answer)
    this.#made.set(log.name, log)
  }

  async #create(log: LogInit, tries: number): Promise<JetAnswer | undefined> {
    const answer = await this.#insist(`STREAM.CREATE.${log.name}`, this.#configOf(log))
    if (answer?.error?.err_code !== codes.overlap || tries === 1) return answer
    await new Promise(resolve => setTimeout(resolve, makeAgainAfter))
    return this.#create(log, tries - 1)
  }

  async madeAt(log: string): Promise<number | undefined> {
    const { created } = (await this.#ask(log, 'STREAM.INFO', {})) ?? {}
    const at = Date.parse(String(created))
    return Number.isNaN(at) ? undefined : at
  }

  async append(log: string, key: string, bytes: Uint8Array): Promise<number | undefined> {
    const answer = await this.#init.request(subjectOfEntry(this.#init.cluster, log, key), bytes)
    if (answer === 'nobody') this.#makeAgain(log)
    const { seq, error } = readAnswer(answer) ?? {}
    if (error !== undefined) this.#init.log.warn('NATS appends nothing', { log, error: error.description })
    return Number.isSafeInteger(seq) ? seq : undefined
  }

  async first(log: string, key: string, from: number): Promise<Entry | null | undefined> {
    const subject = subjectOfEntry(this.#init.cluster, log, key)
    const answer = await this.#ask(log, 'STREAM.MSG.GET', { seq: from, next_by_subj: subject })
    if (answer?.error?.err_code === codes.noMessage) return null
    const { seq, data = '' } = answer?.message ?? {}
    return Number.isSafeInteger(seq) ? { number: seq!, bytes: Buffer.from(data, 'base64') } : undefined
  }

  async remove(log: string, number: number): Promise<boolean> {
    const answer = await this.#ask(log, 'STREAM.MSG.DELETE', { seq: number, no_erase: true })
    return answer?.success === true || notThere.includes(answer?.error?.err_code)
  }

  async #ask(log: string, what: string, body: object): Promise<JetAnswer | undefined> {
    const answer = await this.#call(`${what}.${log}`, body)
    if (answer?.error?.err_code === codes.noStream) this.#makeAgain(log)
    return answer
  }

  async #call(what: string, body: object): Promise<JetAnswer | undefined> {
    return readAnswer(await this.#init.request(`$JS.API.${what}`, Buffer.from(JSON.stringify(body))))
  }

  /** Calls until there is an answer other than that there is none now. */
  async #insist(what: string, body: object): Promise<JetAnswer | undefined> {
    const end = performance.now() + makingTimeout
    for (;;) {
      const bytes = Buffer.from(JSON.stringify(body))
      const raw = await this.#init.request(`$JS.API.${what}`, bytes)
      const answer = readAnswer(raw)
      const isFinal = answer !== undefined && answer.error?.err_code !== codes.unavailable
      if (isFinal || raw === 'nobody' || performance.now() > end || this.#init.isClosed()) return answer
      await new Promise(resolve => setTimeout(resolve, makeAgainAfter))
    }
  }

  /** Makes a log that is gone, as after the loss of a disk. It has a new time at which it was made. */
  #makeAgain(name: string): void {
    const log = this.#made.get(name)
    if (log === undefined || this.#making.has(name) || this.#init.isClosed()) return
    this.#making.add(name)
    void this.make(log)
      .catch(error =>
        this.#init.log.error('A log of the cluster is gone', { log: name, error: error.message })
      )
      .finally(() => this.#making.delete(name))
  }

  /** Takes a log that was made with other settings, if it will do. */
  async #adopt(log: LogInit): Promise<void> {
    const there = (await this.#insist(`STREAM.INFO.${log.name}`, {}))?.config
    const maxAge = (there?.max_age ?? 0) / 1e6
    if (maxAge !== log.maxAge) {
      throw errors.natsFailed(
        `NATS has a log ${log.name} with entries of ${maxAge} ms, not of ${log.maxAge} ms (0: for ever), so no gateway of this version has made it: remove it, or take another name for the cluster`
      )
    }
    // More servers than asked for are kept, so that gateways with several answers do not change it by turns.
    if ((there?.num_replicas ?? 1) >= this.#init.replicas) return
    const answer = await this.#insist(`STREAM.UPDATE.${log.name}`, this.#configOf(log))
    if (answer?.error !== undefined || answer === undefined) throw this.#explain(log, answer)
  }

  #configOf({ name, maxAge }: LogInit): object {
    return {
      name,
      subjects: [subjectOfEntry(this.#init.cluster, name)],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      max_age: maxAge * 1e6,
      num_replicas: this.#init.replicas,
      allow_direct: false
    }
  }

  #explain({ name }: LogInit, answer: JetAnswer | undefined): Error {
    const { replicas } = this.#init
    const servers = replicas === 1 ? 'a server' : `${replicas} servers (clusterReplicas)`
    return errors.natsFailed(
      `NATS can't keep the log ${name} on ${servers}: ${answer?.error?.description ?? 'it gives no answer'}`
    )
  }
}

function describeJetStream(answer: JetAnswer | undefined): string {
  const why = answer?.error?.description ?? 'it gives no answer'
  return `NATS answers, but its JetStream, which a cluster needs, does not (${why}): start it with nats-server --jetstream, and let this gateway's account use it`
}

/** Returns an answer of JetStream; undefined for what is none. */
function readAnswer(answer: Buffer | 'nobody' | undefined): JetAnswer | undefined {
  if (answer === undefined || answer === 'nobody') return undefined
  try {
    const value: unknown = JSON.parse(answer.toString())
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * A player of the playground: the project's own client, with a connection that can be cut and can read slowly.
 *
 * States: none → connecting → open ⇄ resuming → none. `resuming` is also the state while it is cut.
 */
import { Reading } from './slow-socket.js'

/** @import { Client, StateChange } from '../../../../client/index.js' */

/** The client's module, as the gateway serves it. */
const place = '../client/client/index.js'
/** Milliseconds until an attempt to connect has failed. */
const connectTimeout = 5_000
/** Longest time that a timer can wait, in milliseconds: a connection that is cut stays so until it is resumed. */
const forEver = 2 ** 31 - 1

/**
 * @typedef {object} PlayerListener
 * @property {(text: string, isBad?: boolean) => void} told called with each change of the connection, in words
 * @property {(event: string, body: unknown) => void} event
 * @property {() => void} changed called when `state` is another one
 */

export class Player {
  /** @type {'none' | 'connecting' | 'open' | 'resuming'} */
  state = 'none'
  #reading = new Reading()
  /** @type {Client | undefined} */
  #client
  #listener

  /** @param {PlayerListener} listener */
  constructor(listener) {
    this.#listener = listener
  }

  get isCut() {
    return this.#reading.isCut
  }

  /** Bytes that were read so far. */
  get bytes() {
    return this.#reading.bytes
  }

  /** Milliseconds of sleep after each message; 0: none. @param {number} pause */
  set pause(pause) {
    this.#reading.pause = pause
  }

  /** @param {string} url @param {unknown} user */
  async connect(url, user) {
    this.#become('connecting')
    try {
      /** @type {typeof import('../../../../client/index.js')} */
      const { connect } = await import(place)
      const begin = performance.now()
      this.#client = await connect(url, { user, connectTimeout, WebSocket: this.#reading.createClass() })
      this.#client.onEvent(this.#listener.event)
      this.#client.onState(change => this.#follow(change))
      this.#become('open')
      this.#listener.told(`Connected in ${(performance.now() - begin).toFixed(1)} ms, with a new session.`)
    } catch (error) {
      this.#become('none')
      const { code, message } = /** @type {Error & { code?: string }} */ (error)
      this.#listener.told(code === undefined ? message : `${code}: ${message}`, true)
    }
  }

  /** @param {string} route @param {unknown} body @returns {Promise<unknown>} */
  request(route, body) {
    if (this.#client === undefined) throw new Error('Connect first.')
    return this.#client.request(route, body)
  }

  /** @param {string} route @param {unknown} body */
  notify(route, body) {
    if (this.#client === undefined) throw new Error('Connect first.')
    this.#client.notify(route, body)
  }

  /** Drops the connection, and stays away until `resume`. */
  cut() {
    this.#reading.isCut = true
    this.#client?.reconnect(forEver)
    this.#listener.changed()
  }

  resume() {
    this.#reading.isCut = false
    this.#client?.reconnect()
    this.#listener.changed()
  }

  close() {
    this.#client?.close()
  }

  /** @param {StateChange} change */
  #follow({ state, resumed, reason }) {
    const why = reason ? `: ${reason}` : ''
    if (state === 'open') {
      this.#become('open')
      this.#listener.told(
        resumed
          ? 'Connected again, with the same session.'
          : 'Connected again, with a new session: the old one is gone.',
        !resumed
      )
    } else if (state === 'resuming') {
      this.#become('resuming')
      this.#listener.told(
        this.isCut ? 'Cut. The session waits in the gateway.' : `The connection is lost${why}. Coming back …`,
        !this.isCut
      )
    } else if (state === 'closed') {
      this.#client = undefined
      this.#reading.isCut = false
      this.#become('none')
      this.#listener.told(`Not connected${why}.`, true)
    }
  }

  /** @param {Player['state']} state */
  #become(state) {
    this.state = state
    this.#listener.changed()
  }
}

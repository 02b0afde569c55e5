/**
 * The module `sallyport/load`: the API for the scenarios of `sallyport load`.
 *
 * @example import { defineScenario } from 'sallyport/load'
 * @module sallyport/load
 */

export type { Client, ClientOptions, EventTypes, RoutesOf, RouteTypes } from '../../client/index.js'
export { defineScenario, type NamedEvent, type Player, type Scenario, type WaitOptions } from './scenario.js'

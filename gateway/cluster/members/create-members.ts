/**
 * Makes a gateway a member of its cluster: numbers its start, takes its name, and hears who else is there.
 */
import { errors } from '../../../shared/errors.js'
import { orClosing } from '../bus/or-closing.js'
import { Members } from './members.js'
import type { MembersInit } from './members-init.js'

/** Milliseconds in which the others answer the first hello: a newcomer knows them before it takes clients. */
const greetingTime = 250

/** The name of gateways that were given none. */
const defaultName = 'gateway-1'

/**
 * Resolves when the gateway is a member. If an earlier start of the name may live, it waits for its end: for
 * a little longer than `leaseTtl` if that start renews its lease, else for up to three times as long; anew
 * after each outage of NATS.
 *
 * @throws GatewayError `OPTION_INVALID`: the name is the default. `FRONTEND_TAKEN`: another process has it.
 * `CLUSTER_INCOMPATIBLE`: another gateway speaks no version of the protocol of this one.
 * `CLUSTER_UNAVAILABLE`: the logs give no answer for three times `leaseTtl`. `CLOSING`: after the signal.
 */
export async function createMembers(init: MembersInit): Promise<Members> {
  if (init.frontendId === defaultName)
    throw errors.optionInvalid(
      `Expected frontendId to be a name that no other gateway of the cluster has, got the default, ${JSON.stringify(defaultName)}`
    )
  const members = new Members(init)
  try {
    await orClosing(members.join(), init.signal)
    await orClosing(new Promise(resolve => setTimeout(resolve, greetingTime)), init.signal)
  } catch (error) {
    await members.leave()
    throw error
  }
  const { incompatible, namesake } = members.strangers
  if (incompatible === undefined && namesake === undefined) return members
  await members.leave()
  // Names are kept in a log; the hello of a namesake tells of one from before the log was lost.
  if (incompatible === undefined) throw errors.frontendTaken(init.frontendId, init.cluster)
  const { frontendId, version, protocol } = incompatible
  throw errors.clusterIncompatible(frontendId, version, protocol, init.protocol)
}

/**
 * The commands of the tools, by their names. They are loaded when they are run, so that they cost the gateway
 * nothing.
 */
import { loadCommand } from './load-command.js'
import { playCommand } from './play-command.js'
import { topCommand } from './top-command.js'

export const toolCommands = { load: loadCommand, play: playCommand, top: topCommand }

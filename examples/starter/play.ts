/** A player's program, typed by the handlers. If a handler's body changes, this file no longer compiles. */
import { connect, type RoutesOf } from 'sallyport/client'
import type { Events } from './events.js'
import type * as score from './handlers/score.js'

type Routes = RoutesOf<{ score: typeof score }>

const game = await connect<Routes, Events>(process.argv[2] ?? 'ws://127.0.0.1:3010')
game.on('score.changed', ({ player, score }) => console.log(`player ${player} has ${score}`))
const { score: mine } = await game.request('score.add', { points: 3 })
console.log(`my score is ${mine}`)
await game.request('score.add', { points: 0 }).catch(error => console.log(`${error.code}: ${error.message}`))
game.close()

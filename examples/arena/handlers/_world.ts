/**
 * The rooms of this worker, and their clock. Other workers keep other rooms; when a worker ends, its rooms
 * are gone.
 */
import type { BackendSession, Channel, HandlerApp } from 'sallyport/worker'
import { Room, ticksPerSecond } from './_room.js'

/** Settings that are pushed to the gateway, and so survive the worker and its rooms. */
export interface ArenaSettings {
  name: string
  room: string
  /** Coins that the player found in all rooms. */
  found: number
}

export type ArenaSession = BackendSession<ArenaSettings>

const rooms = new Map<string, Room>()
let clock: ReturnType<typeof setInterval> | undefined

/** Returns the room of that name; creates it for its first player. */
export function openRoom(name: string): Room {
  let room = rooms.get(name)
  if (room === undefined) {
    room = new Room()
    rooms.set(name, room)
  }
  return room
}

export function findRoom(name: string): Room | undefined {
  return rooms.get(name)
}

export function leaveRoom(name: string, id: number): void {
  const room = rooms.get(name)
  room?.remove(id)
  if (room?.size === 0) rooms.delete(name)
}

export function channelName(room: string): string {
  return `arena ${room}`
}

/**
 * Starts the clock of all rooms of this worker. Between requests there is no handler context, but the app can
 * send events too.
 */
export function startClock(app: HandlerApp): void {
  clock = setInterval(() => {
    for (const [name, room] of rooms) {
      const found = room.run()
      // Only the present positions matter, so a slow client gets the newest tick and no queue of old ones.
      const channel: Channel = app.channel(channelName(name))
      channel.broadcast('arena.tick', room.describe(), { delivery: 'latest' })
      for (const id of found) void keep(app, id)
    }
  }, 1_000 / ticksPerSecond)
}

/** Adds a coin to the player's session. Nothing else of a room is worth keeping. */
async function keep(app: HandlerApp, id: number): Promise<void> {
  try {
    const session = await app.sessions.aget<ArenaSettings>(app.serverId, id)
    await session?.aupdate('found', (found = 0) => found + 1)
  } catch {
    // The session may end at this moment; then the coin is lost.
  }
}

export function stopClock(): void {
  clearInterval(clock)
}

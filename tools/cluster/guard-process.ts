/** The main file of the process that kills others once the one that started them is gone. */

/** What the guard is told: a process that runs now, or has ended. */
export interface Guarded {
  readonly pid: number
  readonly isOver?: boolean
}

const running = new Set<number>()

process.on('message', ({ pid, isOver = false }: Guarded) => {
  if (isOver) running.delete(pid)
  else running.add(pid)
})

process.on('disconnect', () => {
  for (const pid of running) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended in the meantime.
    }
  }
  process.exit()
})

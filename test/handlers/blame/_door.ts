/** What handlers leave behind waits in their worker until somebody opens the door. */
let isOpen = false

export function open() {
  isOpen = true
}

/** Calls `work` once it is open, from a timer of whoever asks. */
export function whenOpen(work: () => void) {
  const timer = setInterval(() => {
    if (!isOpen) return
    clearInterval(timer)
    work()
  }, 1)
}

// Of nobody's request: it is begun as the module is loaded.
let isAlarmed = false
setInterval(() => {
  if (isAlarmed) throw new Error('thrown in a timer of the module')
}, 1).unref()

export function alarm() {
  isAlarmed = true
}

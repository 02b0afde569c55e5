/** Tells when a page is looked at again, or its machine has a network again: the moment to look at the connection. */

interface Target {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

interface Page extends Target {
  readonly visibilityState: string
}

/** Calls `onPresent` at each such moment. Gives the function that ends it. Outside of browsers there are none. */
export function watchPresence(onPresent: () => void): () => void {
  const { addEventListener, removeEventListener, document } = globalThis as Partial<Target> & {
    document?: Page
  }
  if (addEventListener === undefined || removeEventListener === undefined) return () => {}
  const onVisibility = () => {
    if (document?.visibilityState === 'visible') onPresent()
  }
  addEventListener.call(globalThis, 'online', onPresent)
  document?.addEventListener('visibilitychange', onVisibility)
  return () => {
    removeEventListener.call(globalThis, 'online', onPresent)
    document?.removeEventListener('visibilitychange', onVisibility)
  }
}

/**
 * Reports when a browser's page returns, is put into the back/forward cache, or is unloaded. A page returns
 * when it becomes visible or its machine has a network again. Browsers keep no page with an open socket in
 * that cache, or they close the socket without telling the page.
 */

type Listener = (event: { readonly persisted?: boolean }) => void

interface Target {
  addEventListener(type: string, listener: Listener): void
  removeEventListener(type: string, listener: Listener): void
}

interface Page extends Target {
  readonly visibilityState: string
}

export interface PresenceListener {
  /** Called when the page or the network is back: the connection should be checked. */
  present(): void
  /** Called when the page is put away. `present` is called if it comes back. */
  away(): void
  /** Called when the page is unloaded. If the user returns, the page is loaded anew. */
  gone(): void
}

/**
 * Calls the listener's method at each of these moments. Returns a function that stops it. Does nothing
 * outside of browsers.
 */
export function watchPresence({ present, away, gone }: PresenceListener): () => void {
  const { addEventListener, removeEventListener, document } = globalThis as Partial<Target> & {
    document?: Page
  }
  if (addEventListener === undefined || removeEventListener === undefined) return () => {}
  const onVisibility = () => {
    if (document?.visibilityState === 'visible') present()
  }
  const listeners: Readonly<Record<string, Listener>> = {
    online: present,
    pageshow: ({ persisted }) => persisted === true && present(),
    pagehide: ({ persisted }) => (persisted === true ? away() : gone())
  }
  for (const [type, listener] of Object.entries(listeners)) addEventListener.call(globalThis, type, listener)
  document?.addEventListener('visibilitychange', onVisibility)
  return () => {
    for (const [type, listener] of Object.entries(listeners))
      removeEventListener.call(globalThis, type, listener)
    document?.removeEventListener('visibilitychange', onVisibility)
  }
}

/**
 * Tells whether the page is there: when it is looked at again, or its machine has a network again; when the
 * browser puts it away and may bring it back (the back/forward cache); and when it goes for good. Browsers
 * keep no page with an open socket, or close that without a word to the page.
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
  /** The moment to look at the connection. */
  present(): void
  /** The page is put away. If it comes back, `present` is called. */
  away(): void
  /** The page goes, and comes back as another if at all. */
  gone(): void
}

/**
 * Calls the listener at each such moment. Returns the function that ends it. Outside of browsers there are
 * none.
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

/**
 * The types of abort signals, for programs with and without the types of a platform. Node's types and the
 * library DOM each declare an `AbortSignal`; a project may have either, both or neither.
 */

/** The part of an AbortSignal that is used here. An AbortSignal of any platform fits. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The `AbortSignal` that the project's types declare; where they declare none, the members that all have. */
export type PlatformAbortSignal = typeof globalThis extends {
  AbortSignal: { prototype: infer Signal }
}
  ? Signal
  : AbortSignalLike & { throwIfAborted(): void }

/** The form that superjson gives a value, as both sides of the wire know it. */

/** A value in superjson's form. */
export interface RichForm {
  readonly json: unknown
  readonly meta?: { readonly values: RichTree; readonly v: 1 }
}

/** Which values are to be made into what: by their paths, or, at the top, the whole. */
export type RichTree = readonly unknown[] | { readonly [path: string]: readonly unknown[] }

/** Steps from the top to a value that is no JSON, at most. */
export const maxAnnotationDepth = 100

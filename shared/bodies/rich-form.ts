/** The types of superjson's form, for the code that writes it and the code that checks it. */

/** A value in superjson's form. */
export interface RichForm {
  readonly json: unknown
  readonly meta?: { readonly values: RichTree; readonly v: 1 }
}

/** Annotations, which say what to build from a value: by path, or as a list for the whole value. */
export type RichTree = readonly unknown[] | { readonly [path: string]: readonly unknown[] }

/** Maximum number of steps from the top to an annotated value. */
export const maxAnnotationDepth = 100

/** What a loop passes to each of its parts. */

/** Iteration variables by name, e.g. `{ i, t }`. */
export type IterationVariables = Readonly<Record<string, unknown>>

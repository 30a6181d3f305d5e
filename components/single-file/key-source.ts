/** Where a weight of a model is in a file that calls it otherwise. */

/** A tensor of a file, or a part of one. */
export interface KeySource {
  readonly key: string
  /** One of several matrices of the same size that are below each other. */
  readonly part?: { readonly index: number; readonly of: number }
  /** Whether the file holds the transpose. */
  readonly isTransposed?: boolean
  /** The shape that the model gives it, where the file adds or leaves out dimensions of one element. */
  readonly shape?: readonly number[]
}

/** What is kept of the values of a run, for people who look inside: shapes, statistics and small pictures, never the values as a whole. */

/** A file of summaries, as JSON. */
export interface KeptValues {
  /** Path of the block. */
  readonly path: readonly string[]
  /** Class of the block. */
  readonly block: string
  /** In a loop: the iteration, counted from 1. */
  readonly step: number | null
  /** Summaries by name. */
  readonly values: { readonly [name: string]: ValueSummary }
}

/** A small picture, row by row from the top. */
export interface SmallPicture {
  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
  /** Grey, or red, green and blue. */
  readonly channels: 1 | 3
  /** Bytes from 0 to 255 in base64. */
  readonly data: string
}

/** The summary of a tensor. */
export interface TensorSummary {
  readonly kind: 'tensor'
  /** Type of the elements. */
  readonly dtype: string
  /** Shape of the tensor. */
  readonly shape: readonly number[]
  /** Over the finite numbers; `null` if none exist. */
  readonly statistics: {
    readonly min: number
    readonly max: number
    readonly mean: number
    readonly std: number
  } | null
  /** How many numbers are NaN or infinite. */
  readonly nonFinite: number
  /** How many numbers are in each of as many equal parts of the range from `min` to `max`. */
  readonly histogram: readonly number[]
  /** The first of its pictures, with `min` as black and `max` as white. */
  readonly picture?: SmallPicture
}

/** The summary of a picture. */
export interface PictureSummary {
  readonly kind: 'picture'
  /** Width of the original in pixels. */
  readonly width: number
  /** Height of the original in pixels. */
  readonly height: number
  /** A smaller copy. */
  readonly picture: SmallPicture
}

/** The summary of a list. */
export interface ListSummary {
  readonly kind: 'list'
  /** Number of elements. */
  readonly length: number
  /** Its first members. */
  readonly members: readonly ValueSummary[]
}

/** Any other value, as text. */
export interface TextSummary {
  readonly kind: 'text'
  /** The value as text, truncated. */
  readonly text: string
}

/** The summary of a value. All of it is JSON. */
export type ValueSummary = TensorSummary | PictureSummary | ListSummary | TextSummary

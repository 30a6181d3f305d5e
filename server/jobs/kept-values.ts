/** What is kept of the values of a run, for people who look inside: shapes, statistics and small pictures, never the values as a whole. */

/** A file of summaries, as JSON. */
export interface KeptValues {
  readonly path: readonly string[]
  /** Class of the block. */
  readonly block: string
  /** In a loop: the iteration, counted from 1. */
  readonly step: number | null
  readonly values: { readonly [name: string]: ValueSummary }
}

/** A small picture, row by row from the top. */
export interface SmallPicture {
  readonly width: number
  readonly height: number
  /** Grey, or red, green and blue. */
  readonly channels: 1 | 3
  /** Bytes from 0 to 255 in base64. */
  readonly data: string
}

/** The summary of a tensor. */
export interface TensorSummary {
  readonly kind: 'tensor'
  readonly dtype: string
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
  readonly width: number
  readonly height: number
  readonly picture: SmallPicture
}

/** The summary of a list. */
export interface ListSummary {
  readonly kind: 'list'
  readonly length: number
  /** Its first members. */
  readonly members: readonly ValueSummary[]
}

/** Any other value, as text. */
export interface TextSummary {
  readonly kind: 'text'
  readonly text: string
}

/** The summary of a value. All of it is JSON. */
export type ValueSummary = TensorSummary | PictureSummary | ListSummary | TextSummary

/** What a call costs, as blocks estimate it before the first of them runs. */

/** An estimate of one block. What it does not know is left out. */
export interface RunCost {
  /** How many images the call makes. */
  readonly images?: number | undefined
  /** Width and height of each image in pixels. */
  readonly size?: { readonly width: number; readonly height: number } | undefined
  /** How many denoising steps the call takes. */
  readonly steps?: number | undefined
  /** Bytes that the block needs at once beside what the process holds. Too low rather than too high: a call that needs more than there is is refused. */
  readonly memory?: number | undefined
}

/** An estimate with the path of the block that made it. */
export interface LocatedCost {
  readonly path: readonly string[]
  readonly cost: RunCost
}

/** How far the schedule of a flow is shifted for an image's size. Counterpart: calculate_shift of pipelines/flux/pipeline_flux.py */

/** The settings of a flow's scheduler that say it. */
export interface FlowMuSettings {
  /** The `mu` of an image of `baseImageSeqLen` tokens. */
  readonly baseShift: number
  /** The `mu` of an image of `maxImageSeqLen` tokens. */
  readonly maxShift: number
  /** Tokens of a small image. */
  readonly baseImageSeqLen: number
  /** Tokens of a large image. */
  readonly maxImageSeqLen: number
}

/**
 * Returns the `mu` of setTimesteps for an image of so many tokens, from the straight line through the two sizes that the settings name.
 * Source: https://arxiv.org/abs/2403.03206, section 5.3.2
 */
export function flowMu(imageSeqLen: number, settings: FlowMuSettings): number {
  const { baseShift, maxShift, baseImageSeqLen, maxImageSeqLen } = settings
  const slope = (maxShift - baseShift) / (maxImageSeqLen - baseImageSeqLen)
  return baseShift + slope * (imageSeqLen - baseImageSeqLen)
}

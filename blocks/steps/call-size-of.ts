/** For what size models will be called, by what blocks know of a run before it begins. */
import { type CallSize } from '../../components'
import type { RunPlan } from '../../src'

/** The size of a call with all images of a run; `undefined` if their number or the size of the latents is not known. */
export function callSizeOf({ images, tokens, size, latents, widths }: RunPlan): CallSize | undefined {
  if (images === undefined || latents === undefined) return undefined
  return { batch: images, tokens, pictures: size, latents, widths }
}

/** Whether there are such latents. A size that the VAE does not divide is refused where the latents are made. */
export function isWhole({ latents }: Pick<CallSize, 'latents'>): boolean {
  return latents !== undefined && Number.isInteger(latents.height) && Number.isInteger(latents.width)
}

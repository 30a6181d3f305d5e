/** Stable Diffusion XL: what the blocks of the family have in common. */
import type { BlockOptions } from '../../src'

/** `@Block({ ...stableDiffusionXL, description: '…' })` makes a block one of the family. */
export const stableDiffusionXL = {
  modelName: 'stable-diffusion-xl',
  version: '1.0.0',
  stability: 'beta',
} as const satisfies BlockOptions

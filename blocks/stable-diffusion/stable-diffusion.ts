/** Stable Diffusion 1 and 2: what the blocks of the family have in common. */
import type { BlockOptions } from '../../src'
import { correctScheduler, correctUNet, warnOfStatistics } from './component-corrections'

/** `@Block({ ...stableDiffusion, description: '…' })` makes a block one of the family. */
export const stableDiffusion = {
  modelName: 'stable-diffusion',
  version: '1.0.0',
  stability: 'beta',
  afterLoad: { scheduler: correctScheduler, unet: correctUNet, vae: warnOfStatistics },
} as const satisfies BlockOptions

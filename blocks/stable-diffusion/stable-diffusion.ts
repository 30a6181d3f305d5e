/** Stable Diffusion 1 and 2: what the blocks of the family have in common. */
import type { BlockOptions } from '../../src'
import { correctInpaintScheduler, correctScheduler, correctUNet, warnOfStatistics } from './component-corrections'

/** `@Block({ ...stableDiffusion, description: '…' })` makes a block one of the family. */
export const stableDiffusion = {
  modelName: 'stable-diffusion',
  version: '1.0.0',
  stability: 'beta',
  afterLoad: { scheduler: correctScheduler, unet: correctUNet, vae: warnOfStatistics },
} as const satisfies BlockOptions

/** For a part of a task with a scheduler: which of its settings are corrected depends on the task, so the whole says it. */
export const stableDiffusionPart = {
  ...stableDiffusion,
  afterLoad: { unet: correctUNet, vae: warnOfStatistics },
} as const satisfies BlockOptions

/** For blocks that inpaint and do nothing else: the reference corrects other settings of their scheduler. */
export const stableDiffusionInpaint = {
  ...stableDiffusion,
  afterLoad: { ...stableDiffusion.afterLoad, scheduler: correctInpaintScheduler },
} as const satisfies BlockOptions

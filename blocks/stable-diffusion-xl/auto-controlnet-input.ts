/** Prepares what ControlNets look at. Counterpart: StableDiffusionXLAutoControlNetInputStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { ControlNetInput } from '../steps/controlnet-input'
import { ControlNetUnionInput } from '../steps/controlnet-union-input'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** For a union ControlNet if kinds of pictures are given, and for others if there are pictures alone; skipped if none exist. */
@Block({ ...stableDiffusionXL, description: 'Prepares the pictures that the ControlNets look at, if there are any.' })
export class StableDiffusionXLAutoControlNetInput extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoControlNetInput'

  @Branch({ when: 'controlMode' }) controlnetUnion = slot(ControlNetUnionInput)
  @Branch({ when: 'controlImage' }) controlnet = slot(ControlNetInput)
}

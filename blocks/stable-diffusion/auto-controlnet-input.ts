/** Prepares what ControlNets look at, for each task with its scale. Counterpart: StableDiffusionXLAutoControlNetInputStep, and the controlnet_conditioning_scale of diffusers' Stable Diffusion pipelines. */
import { AutoPipelineBlocks, Block, Branch, type In, Input, slot } from '../../src'
import { ControlNetInput, conditioningScaleSchema, type PerNetwork } from '../steps/controlnet-input'
import { stableDiffusion, stableDiffusionPart } from './stable-diffusion'

/** Scales the maps by 0.8 unless told otherwise. */
@Block({ ...stableDiffusionPart, description: 'Prepares the pictures that the ControlNets look at beside another.' })
export class StableDiffusionImg2ImgControlNetInput extends ControlNetInput {
  static override readonly className: string = 'StableDiffusionImg2ImgControlNetInput'

  /** How strong the ControlNets are, for all or for each: 0 for not at all. */
  @Input(conditioningScaleSchema.default(0.8))
  override controlnetConditioningScale!: In<PerNetwork>
}

/** Scales the maps by 0.5 unless told otherwise. */
@Block({ ...stableDiffusionPart, description: 'Prepares the pictures that the ControlNets look at for inpainting.' })
export class StableDiffusionInpaintControlNetInput extends ControlNetInput {
  static override readonly className: string = 'StableDiffusionInpaintControlNetInput'

  /** How strong the ControlNets are, for all or for each: 0 for not at all. */
  @Input(conditioningScaleSchema.default(0.5))
  override controlnetConditioningScale!: In<PerNetwork>
}

/** The scale is that of the task. */
@Block({ ...stableDiffusion, description: 'Prepares the pictures that the ControlNets look at, for the task.' })
export class StableDiffusionTaskControlNetInput extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionTaskControlNetInput'

  @Branch({ when: 'mask' }) inpaint = slot(StableDiffusionInpaintControlNetInput)
  @Branch({ when: 'imageLatents' }) img2img = slot(StableDiffusionImg2ImgControlNetInput)
  @Branch({ otherwise: true }) text2img = slot(ControlNetInput)
}

/** Skipped where there is no picture for a ControlNet. */
@Block({ ...stableDiffusion, description: 'Prepares the pictures that the ControlNets look at, if there are any.' })
export class StableDiffusionAutoControlNetInput extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoControlNetInput'

  @Branch({ when: 'controlImage' }) controlnet = slot(StableDiffusionTaskControlNetInput)
}

/** Text to image, image to image and inpainting with a Stable Diffusion XL model: which, the inputs say. */
import { Block, type OutputParam, SequentialPipelineBlocks, Step, slot } from '../../src'
import { EmbedGuidance } from '../steps/embed-guidance'
import { SetGuidance } from '../steps/set-guidance'
import { StableDiffusionXLAutoDecode } from './auto-decode'
import { StableDiffusionXLAutoTextEncoder } from './auto-text-encoder'
import { StableDiffusionXLAutoVaeEncoder } from './auto-vae-encoder'
import { StableDiffusionXLCoreDenoise } from './core-denoise'
import { stableDiffusionXL } from './stable-diffusion-xl'

/**
 * The blocks of the family that `ModularPipeline.fromPretrained` takes, for base models and refiners: a prompt alone makes a picture, a prompt and a picture change it,
 * and a mask beside them draws a part of it anew. Structure and names are those of StableDiffusionXLAutoBlocks of diffusers, without ControlNets and IP-Adapters.
 *
 * ```ts
 * const base = await ModularPipeline.fromPretrained('stabilityai/stable-diffusion-xl-base-1.0')
 * await base.loadComponents()
 * const [image] = await base({ prompt: 'red apple' }, { output: 'images', seed: 1 })
 * ```
 */
@Block({
  ...stableDiffusionXL,
  description: 'Draws and changes pictures as a prompt says, with a model of the Stable Diffusion XL family.',
})
export class StableDiffusionXLAutoBlocks extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoBlocks'

  @Step() setGuidance = slot(SetGuidance)
  @Step() embedGuidance = slot(EmbedGuidance)
  @Step() textEncoder = slot(StableDiffusionXLAutoTextEncoder)
  @Step() vaeEncoder = slot(StableDiffusionXLAutoVaeEncoder)
  @Step() denoise = slot(StableDiffusionXLCoreDenoise)
  @Step() decode = slot(StableDiffusionXLAutoDecode)

  override get workflowMap() {
    return {
      text2image: { prompt: true },
      image2image: { prompt: true, image: true },
      inpainting: { prompt: true, image: true, maskImage: true },
    } as const
  }

  override get outputs(): readonly OutputParam[] {
    return this.intermediateOutputs.filter(output => output.name === 'images')
  }
}

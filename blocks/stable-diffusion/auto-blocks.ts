/** Text to image, image to image and inpainting with a Stable Diffusion model: which, the inputs say. */
import { Block, type OutputParam, SequentialPipelineBlocks, Step, slot } from '../../src'
import { EmbedGuidance } from '../steps/embed-guidance'
import { PrepareModels } from '../steps/prepare-models'
import { SetGuidance } from '../steps/set-guidance'
import { StableDiffusionAutoDecode } from './auto-decode'
import { StableDiffusionCoreDenoise } from './auto-denoise'
import { StableDiffusionAutoTextEncoder } from './auto-text-encoder'
import { StableDiffusionAutoVaeEncoder } from './auto-vae-encoder'
import { stableDiffusion } from './stable-diffusion'

/**
 * The blocks of the family that `ModularPipeline.fromPretrained` takes: a prompt alone makes a picture, a prompt and a picture change it, and a mask beside them
 * draws a part of it anew. Structure and names are those of StableDiffusionXLAutoBlocks of diffusers.
 *
 * ```ts
 * const pipe = await ModularPipeline.fromPretrained(bundledModel('emoji'))
 * await pipe.loadComponents()
 * const [image] = await pipe({ prompt: 'red apple', image: drawing, strength: 0.7 }, { output: 'images', seed: 1 })
 * ```
 */
@Block({
  ...stableDiffusion,
  description: 'Draws and changes pictures as a prompt says, with a model of the Stable Diffusion family.',
})
export class StableDiffusionAutoBlocks extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoBlocks'

  @Step() setGuidance = slot(SetGuidance)
  @Step() embedGuidance = slot(EmbedGuidance)
  @Step() prepareModels = slot(PrepareModels)
  @Step() textEncoder = slot(StableDiffusionAutoTextEncoder)
  @Step() vaeEncoder = slot(StableDiffusionAutoVaeEncoder)
  @Step() denoise = slot(StableDiffusionCoreDenoise)
  @Step() decode = slot(StableDiffusionAutoDecode)

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

/** Text to image with a Stable Diffusion model. Counterpart: StableDiffusionPipeline of diffusers. */
import { Block, type OutputParam, SequentialPipelineBlocks, Step, slot } from '../../src'
import { AutoIPAdapter } from '../steps/auto-ip-adapter'
import { DenoiseLoop } from '../steps/denoise-loop'
import { EmbedGuidance } from '../steps/embed-guidance'
import { PostprocessImages } from '../steps/postprocess-images'
import { PrepareLatents } from '../steps/prepare-latents'
import { PrepareModels } from '../steps/prepare-models'
import { ProjectIPAdapterImages } from '../steps/project-ip-adapter-images'
import { SetGuidance } from '../steps/set-guidance'
import { SetTimesteps } from '../steps/set-timesteps'
import { StableDiffusionDecodeLatents } from './decode-latents'
import { EncodePrompt } from './encode-prompt'
import { stableDiffusion } from './stable-diffusion'

/**
 * Words to pictures.
 *
 * ```ts
 * const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
 * await pipe.loadComponents()
 * const [image] = await pipe({ prompt: 'red apple' }, { output: 'images', seed: 1 })
 * ```
 */
@Block({
  ...stableDiffusion,
  description: 'Draws pictures of what a prompt says, with a model of the Stable Diffusion family.',
})
export class StableDiffusionTextToImageBlocks extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionTextToImageBlocks'

  @Step() setGuidance = slot(SetGuidance)
  @Step() embedGuidance = slot(EmbedGuidance)
  @Step() prepareModels = slot(PrepareModels)
  @Step() encodePrompt = slot(EncodePrompt)
  @Step() ipAdapter = slot(AutoIPAdapter)
  @Step() setTimesteps = slot(SetTimesteps)
  @Step() prepareLatents = slot(PrepareLatents)
  @Step() projectIpAdapterImages = slot(ProjectIPAdapterImages)
  @Step() denoise = slot(DenoiseLoop)
  @Step() decode = slot(StableDiffusionDecodeLatents)
  @Step() postprocess = slot(PostprocessImages)

  override get outputs(): readonly OutputParam[] {
    return this.intermediateOutputs.filter(output => output.name === 'images')
  }
}

/** Image to image with a Stable Diffusion model. Counterpart: StableDiffusionImg2ImgPipeline of diffusers. */
import { Block, type OutputParam, SequentialPipelineBlocks, Step, slot } from '../../src'
import { AutoIPAdapter } from '../steps/auto-ip-adapter'
import { DenoiseLoop } from '../steps/denoise-loop'
import { EmbedGuidance } from '../steps/embed-guidance'
import { PostprocessImages } from '../steps/postprocess-images'
import { PrepareImg2ImgLatents } from '../steps/prepare-img2img-latents'
import { PrepareModels } from '../steps/prepare-models'
import { ProjectIPAdapterImages } from '../steps/project-ip-adapter-images'
import { SetGuidance } from '../steps/set-guidance'
import { StableDiffusionDecodeLatents } from './decode-latents'
import { StableDiffusionEncodeImage } from './encode-image'
import { EncodePrompt } from './encode-prompt'
import { StableDiffusionSetImg2ImgTimesteps } from './set-img2img-timesteps'
import { stableDiffusion } from './stable-diffusion'

/**
 * Words and pictures to pictures.
 *
 * ```ts
 * const pipe = new StableDiffusionImageToImageBlocks().initPipeline(bundledModel('emoji'))
 * await pipe.loadComponents()
 * const [image] = await pipe({ prompt: 'red apple', image: drawing, strength: 0.7 }, { output: 'images', seed: 1 })
 * ```
 */
@Block({
  ...stableDiffusion,
  description: 'Changes pictures to what a prompt says, with a model of the Stable Diffusion family.',
})
export class StableDiffusionImageToImageBlocks extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionImageToImageBlocks'

  @Step() setGuidance = slot(SetGuidance)
  @Step() embedGuidance = slot(EmbedGuidance)
  @Step() prepareModels = slot(PrepareModels)
  @Step() encodePrompt = slot(EncodePrompt)
  @Step() ipAdapter = slot(AutoIPAdapter)
  @Step() encodeImage = slot(StableDiffusionEncodeImage)
  @Step() setTimesteps = slot(StableDiffusionSetImg2ImgTimesteps)
  @Step() prepareLatents = slot(PrepareImg2ImgLatents)
  @Step() projectIpAdapterImages = slot(ProjectIPAdapterImages)
  @Step() denoise = slot(DenoiseLoop)
  @Step() decode = slot(StableDiffusionDecodeLatents)
  @Step() postprocess = slot(PostprocessImages)

  override get outputs(): readonly OutputParam[] {
    return this.intermediateOutputs.filter(output => output.name === 'images')
  }
}

/** Inpainting with a Stable Diffusion model. Counterpart: StableDiffusionInpaintPipeline of diffusers. */
import { Block, type OutputParam, SequentialPipelineBlocks, Step, slot } from '../../src'
import { AutoIPAdapter } from '../steps/auto-ip-adapter'
import { EmbedGuidance } from '../steps/embed-guidance'
import { InpaintDenoiseLoop } from '../steps/inpaint-denoise-loop'
import { PrepareModels } from '../steps/prepare-models'
import { ProjectIPAdapterImages } from '../steps/project-ip-adapter-images'
import { SetGuidance } from '../steps/set-guidance'
import { StableDiffusionAutoDecode } from './auto-decode'
import { StableDiffusionEncodeInpaintImage } from './encode-inpaint-image'
import { EncodePrompt } from './encode-prompt'
import { StableDiffusionPrepareInpaintLatents } from './prepare-inpaint-latents'
import { StableDiffusionSetInpaintTimesteps } from './set-img2img-timesteps'
import { stableDiffusionInpaint } from './stable-diffusion'

/**
 * Words, pictures and masks to pictures: what the mask covers is redrawn. UNets of text to image can do it, and those that were trained for it, which take
 * the mask as an input.
 *
 * ```ts
 * const pipe = new StableDiffusionInpaintBlocks().initPipeline(bundledModel('emoji'))
 * await pipe.loadComponents()
 * const [redrawn] = await pipe({ prompt: 'red apple', image, maskImage }, { output: 'images', seed: 1 })
 * ```
 */
@Block({
  ...stableDiffusionInpaint,
  description: 'Redraws a part of a picture as a prompt says, with a model of the Stable Diffusion family.',
})
export class StableDiffusionInpaintBlocks extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionInpaintBlocks'

  @Step() setGuidance = slot(SetGuidance)
  @Step() embedGuidance = slot(EmbedGuidance)
  @Step() prepareModels = slot(PrepareModels)
  @Step() encodePrompt = slot(EncodePrompt)
  @Step() ipAdapter = slot(AutoIPAdapter)
  @Step() encodeImage = slot(StableDiffusionEncodeInpaintImage)
  @Step() setTimesteps = slot(StableDiffusionSetInpaintTimesteps)
  @Step() prepareLatents = slot(StableDiffusionPrepareInpaintLatents)
  @Step() projectIpAdapterImages = slot(ProjectIPAdapterImages)
  @Step() denoise = slot(InpaintDenoiseLoop)
  @Step() decode = slot(StableDiffusionAutoDecode)

  override get outputs(): readonly OutputParam[] {
    return this.intermediateOutputs.filter(output => output.name === 'images')
  }
}

/** Text to image with a Stable Diffusion model. Counterpart: StableDiffusionPipeline of diffusers. */
import { Block, type BlockSource, type OutputParam, SequentialPipelineBlocks, Step } from '../../src'
import { DecodeLatents } from './decode-latents'
import { DenoiseLoop } from './denoise-loop'
import { EmbedGuidance } from './embed-guidance'
import { EncodePrompt } from './encode-prompt'
import { PostprocessImages } from './postprocess-images'
import { PrepareLatents } from './prepare-latents'
import { PrepareModels } from './prepare-models'
import { SetGuidance } from './set-guidance'
import { SetTimesteps } from './set-timesteps'

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
  description: 'Draws pictures of what a prompt says, with a model of the Stable Diffusion family.',
  modelName: 'stable-diffusion',
  version: '1.0.0',
  stability: 'beta',
})
export class StableDiffusionTextToImageBlocks extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionTextToImageBlocks'

  @Step() setGuidance: BlockSource<SetGuidance> = SetGuidance
  @Step() embedGuidance: BlockSource<EmbedGuidance> = EmbedGuidance
  @Step() prepareModels: BlockSource<PrepareModels> = PrepareModels
  @Step() encodePrompt: BlockSource<EncodePrompt> = EncodePrompt
  @Step() setTimesteps: BlockSource<SetTimesteps> = SetTimesteps
  @Step() prepareLatents: BlockSource<PrepareLatents> = PrepareLatents
  @Step() denoise: BlockSource<DenoiseLoop> = DenoiseLoop
  @Step() decode: BlockSource<DecodeLatents> = DecodeLatents
  @Step() postprocess: BlockSource<PostprocessImages> = PostprocessImages

  override get outputs(): readonly OutputParam[] {
    return this.intermediateOutputs.filter(output => output.name === 'images')
  }
}

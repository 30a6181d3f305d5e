/** Which blocks are taken for a model whose index names a pipeline of diffusers. */
import { registerPipelineFamily } from '../src'
import { stableDiffusion } from './stable-diffusion/stable-diffusion'
import { StableDiffusionTextToImageBlocks } from './stable-diffusion/text-to-image-blocks'

registerPipelineFamily({
  modelName: stableDiffusion.modelName,
  defaultBlocks: StableDiffusionTextToImageBlocks,
  standardPipelines: ['StableDiffusionPipeline'],
  recognizedBy: { components: ['tokenizer', 'textEncoder', 'unet', 'vae', 'scheduler'], without: ['textEncoder2'] },
})

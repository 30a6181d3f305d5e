/** Which blocks are taken for a model whose index names a pipeline of diffusers. */
import { registerPipelineFamily } from '../src'
import { StableDiffusionTextToImageBlocks } from './stable-diffusion/text-to-image-blocks'

registerPipelineFamily({
  modelName: 'stable-diffusion',
  defaultBlocks: StableDiffusionTextToImageBlocks,
  standardPipelines: ['StableDiffusionPipeline'],
})

/** Which blocks are taken for a model whose index names a pipeline of diffusers. */
import { registerBlockClasses, registerPipelineFamily } from '../src'
import { StableDiffusionAutoBlocks } from './stable-diffusion/auto-blocks'
import { StableDiffusionImageToImageBlocks } from './stable-diffusion/image-to-image-blocks'
import { StableDiffusionInpaintBlocks } from './stable-diffusion/inpaint-blocks'
import { LatentConsistencyTextToImageBlocks } from './stable-diffusion/latent-consistency-blocks'
import { latentConsistency } from './stable-diffusion/latent-consistency-steps'
import { otherPipelines } from './stable-diffusion/other-pipelines'
import { stableDiffusion } from './stable-diffusion/stable-diffusion'
import { StableDiffusionTextToImageBlocks } from './stable-diffusion/text-to-image-blocks'
import { StableDiffusionXLAutoBlocks } from './stable-diffusion-xl/auto-blocks'
import { otherXLPipelines } from './stable-diffusion-xl/other-pipelines'
import { stableDiffusionXL } from './stable-diffusion-xl/stable-diffusion-xl'

registerPipelineFamily({
  modelName: stableDiffusion.modelName,
  defaultBlocks: StableDiffusionAutoBlocks,
  standardPipelines: [
    'StableDiffusionPipeline',
    'StableDiffusionImg2ImgPipeline',
    'StableDiffusionInpaintPipeline',
    'StableDiffusionControlNetPipeline',
    'StableDiffusionControlNetImg2ImgPipeline',
    'StableDiffusionControlNetInpaintPipeline',
    'StableDiffusionAdapterPipeline',
  ],
  recognizedBy: { components: ['tokenizer', 'textEncoder', 'unet', 'vae', 'scheduler'], without: ['textEncoder2'] },
  unsupportedPipelines: otherPipelines,
})

registerPipelineFamily({
  modelName: latentConsistency.modelName,
  defaultBlocks: LatentConsistencyTextToImageBlocks,
  standardPipelines: ['LatentConsistencyModelPipeline'],
})
registerBlockClasses(StableDiffusionTextToImageBlocks, StableDiffusionImageToImageBlocks, StableDiffusionInpaintBlocks)

registerPipelineFamily({
  modelName: stableDiffusionXL.modelName,
  defaultBlocks: StableDiffusionXLAutoBlocks,
  pipelineClassName: 'StableDiffusionXLModularPipeline',
  standardPipelines: [
    'StableDiffusionXLPipeline',
    'StableDiffusionXLImg2ImgPipeline',
    'StableDiffusionXLInpaintPipeline',
    'StableDiffusionXLControlNetPipeline',
    'StableDiffusionXLControlNetImg2ImgPipeline',
    'StableDiffusionXLControlNetInpaintPipeline',
    'StableDiffusionXLControlNetUnionPipeline',
    'StableDiffusionXLControlNetUnionImg2ImgPipeline',
    'StableDiffusionXLControlNetUnionInpaintPipeline',
    'StableDiffusionXLAdapterPipeline',
  ],
  recognizedBy: { components: ['tokenizer2', 'textEncoder2', 'unet', 'vae', 'scheduler'] },
  unsupportedPipelines: otherXLPipelines,
  unreadEntries: {
    addWatermarker: { consequence: 'pictures get no watermark', harmlessValue: false },
  },
})

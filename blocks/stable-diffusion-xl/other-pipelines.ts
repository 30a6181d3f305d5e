/** Pipelines of diffusers with the components of Stable Diffusion XL, or nearly, that draw in another way than its automatic blocks. */
import type { UnsupportedPipeline } from '../../src'

/** What to do with a checkpoint that the blocks can draw with, although its pipeline does more. */
const SAME_COMPONENTS =
  'To draw with its components as StableDiffusionXLPipeline does, take the blocks yourself: ' +
  'ModularPipeline.fromPretrained(path, { blocks: new StableDiffusionXLAutoBlocks() }).'

const like = (does: string): UnsupportedPipeline => ({ does, advice: SAME_COMPONENTS })

/** Class names of pipelines → what they do. */
export const otherXLPipelines: Readonly<Record<string, UnsupportedPipeline>> = {
  StableDiffusionXLInstructPix2PixPipeline: {
    does: 'changes a picture by instructions',
    advice: 'Its models are made for that. Load a checkpoint for text to image, or use diffusers.',
  },
  StableDiffusionXLControlNetXSPipeline: like('follows a control picture'),
  StableDiffusionXLControlNetPAGPipeline: like('follows a control picture'),
  StableDiffusionXLControlNetPAGImg2ImgPipeline: like('follows a control picture'),
  StableDiffusionXLPAGPipeline: {
    does: 'adds perturbed attention guidance',
    advice: `${SAME_COMPONENTS} The guider PerturbedAttentionGuidance adds such guidance.`,
  },
  StableDiffusionXLPAGImg2ImgPipeline: like('adds perturbed attention guidance'),
  StableDiffusionXLPAGInpaintPipeline: like('adds perturbed attention guidance'),
  StableDiffusionXLKDiffusionPipeline: like('samples with another package'),
  LEditsPPPipelineStableDiffusionXL: like('changes a picture by further prompts'),
  AnimateDiffSDXLPipeline: like('draws frames of a video'),
}

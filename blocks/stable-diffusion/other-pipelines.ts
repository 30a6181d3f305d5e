/** Pipelines of diffusers with the components of Stable Diffusion, or nearly, that draw in another way than text to image. */
import type { UnsupportedPipeline } from '../../src'

/** What to do with a checkpoint that text to image can draw with, although its pipeline does more. */
const SAME_COMPONENTS =
  'To draw with its components as StableDiffusionPipeline does, take the blocks yourself: ' +
  'ModularPipeline.fromPretrained(path, { blocks: new StableDiffusionTextToImageBlocks() }).'

/** What to do with a checkpoint whose models are made for the task. */
const OWN_MODELS = 'Its models are made for that. Load a checkpoint for text to image, or use diffusers.'

const like = (does: string): UnsupportedPipeline => ({ does, advice: SAME_COMPONENTS })
const unlike = (does: string): UnsupportedPipeline => ({ does, advice: OWN_MODELS })

const onnx = (does: string): UnsupportedPipeline => ({
  does: `${does} with models in ONNX files`,
  advice: 'Load the checkpoint that they were exported from, with safetensors files.',
})

/** Class names of pipelines → what they do. */
export const otherPipelines: Readonly<Record<string, UnsupportedPipeline>> = {
  // pipelines/stable_diffusion, pipelines/latent_consistency_models
  StableDiffusionInpaintPipelineLegacy: like('fills a part of a picture'),
  StableDiffusionDepth2ImgPipeline: unlike('starts from a picture and its depth'),
  StableDiffusionImageVariationPipeline: unlike('takes a picture for a prompt'),
  StableDiffusionInstructPix2PixPipeline: unlike('changes a picture by instructions'),
  StableDiffusionLatentUpscalePipeline: unlike('enlarges latents'),
  StableDiffusionUpscalePipeline: unlike('enlarges a picture'),
  OnnxStableDiffusionPipeline: onnx('draws'),
  StableDiffusionOnnxPipeline: onnx('draws'),
  OnnxStableDiffusionImg2ImgPipeline: onnx('starts from a picture'),
  OnnxStableDiffusionInpaintPipeline: onnx('fills a part of a picture'),
  OnnxStableDiffusionInpaintPipelineLegacy: onnx('fills a part of a picture'),
  OnnxStableDiffusionUpscalePipeline: onnx('enlarges a picture'),
  StableUnCLIPPipeline: unlike('draws from an embedding of a picture that a prior makes'),
  StableUnCLIPImg2ImgPipeline: unlike('draws from an embedding of a picture'),
  LatentConsistencyModelImg2ImgPipeline: {
    does: 'starts from a picture',
    advice: SAME_COMPONENTS.replace('StableDiffusionPipeline', 'LatentConsistencyModelPipeline').replace(
      'StableDiffusionTextToImageBlocks',
      'LatentConsistencyTextToImageBlocks',
    ),
  },
  // pipelines/deprecated
  StableDiffusionAttendAndExcitePipeline: like('draws attention to words of the prompt'),
  StableDiffusionDiffEditPipeline: like('changes a part of a picture that two prompts tell apart'),
  StableDiffusionGLIGENPipeline: unlike('puts things in boxes'),
  StableDiffusionGLIGENTextImagePipeline: unlike('puts things in boxes'),
  StableDiffusionLDM3DPipeline: unlike('draws depth beside color'),
  StableDiffusionModelEditingPipeline: like('changes what a word stands for'),
  StableDiffusionPanoramaPipeline: like('draws panoramas from overlapping windows'),
  StableDiffusionParadigmsPipeline: like('computes steps in parallel'),
  StableDiffusionPipelineSafe: like('guides away from a list of concepts'),
  StableDiffusionPix2PixZeroPipeline: like('changes one thing of a picture into another'),
  StableDiffusionSAGPipeline: like('adds self-attention guidance'),
  SemanticStableDiffusionPipeline: like('guides by further prompts'),
  CycleDiffusionPipeline: like('changes a picture by a pair of prompts'),
  AltDiffusionPipeline: unlike('has a text encoder for several languages'),
  AltDiffusionImg2ImgPipeline: unlike('has a text encoder for several languages'),
  PaintByExamplePipeline: unlike('fills a part of a picture by an example'),
  // Others with the components of Stable Diffusion
  StableDiffusionPAGPipeline: {
    does: 'adds perturbed attention guidance',
    advice: `${SAME_COMPONENTS} The guider PerturbedAttentionGuidance adds such guidance.`,
  },
  StableDiffusionPAGImg2ImgPipeline: like('starts from a picture'),
  StableDiffusionPAGInpaintPipeline: like('fills a part of a picture'),
  StableDiffusionControlNetPAGPipeline: like('follows a control picture'),
  StableDiffusionControlNetPAGInpaintPipeline: like('follows a control picture'),
  StableDiffusionControlNetXSPipeline: like('follows a control picture'),
  AnimateDiffPipeline: like('draws frames of a video'),
}

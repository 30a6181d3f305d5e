/** Diffusion steps as blocks: those that families share, and those of each family. */
import './pipeline-families'

export {
  StableDiffusionAutoBeforeDenoise,
  StableDiffusionBeforeDenoise,
  StableDiffusionImg2ImgBeforeDenoise,
  StableDiffusionInpaintBeforeDenoise,
} from './stable-diffusion/auto-before-denoise'
export { StableDiffusionAutoBlocks } from './stable-diffusion/auto-blocks'
export {
  StableDiffusionAutoControlNetInput,
  StableDiffusionImg2ImgControlNetInput,
  StableDiffusionInpaintControlNetInput,
  StableDiffusionTaskControlNetInput,
} from './stable-diffusion/auto-controlnet-input'
export {
  StableDiffusionAutoDecode,
  StableDiffusionDecode,
  StableDiffusionInpaintDecode,
} from './stable-diffusion/auto-decode'
export { StableDiffusionAutoDenoise, StableDiffusionCoreDenoise } from './stable-diffusion/auto-denoise'
export { StableDiffusionAutoTextEncoder } from './stable-diffusion/auto-text-encoder'
export { StableDiffusionAutoVaeEncoder } from './stable-diffusion/auto-vae-encoder'
export { StableDiffusionDecodeLatents } from './stable-diffusion/decode-latents'
export { StableDiffusionEncodeImage } from './stable-diffusion/encode-image'
export { StableDiffusionEncodeInpaintImage } from './stable-diffusion/encode-inpaint-image'
export { EncodePrompt } from './stable-diffusion/encode-prompt'
export { StableDiffusionImageToImageBlocks } from './stable-diffusion/image-to-image-blocks'
export { StableDiffusionInpaintBlocks } from './stable-diffusion/inpaint-blocks'
export { LatentConsistencyTextToImageBlocks } from './stable-diffusion/latent-consistency-blocks'
export {
  LatentConsistencySetGuidance,
  LatentConsistencySetTimesteps,
} from './stable-diffusion/latent-consistency-steps'
export { StableDiffusionPrepareInpaintLatents } from './stable-diffusion/prepare-inpaint-latents'
export {
  StableDiffusionSetImg2ImgTimesteps,
  StableDiffusionSetInpaintTimesteps,
} from './stable-diffusion/set-img2img-timesteps'
export { SizeOfControlImage, StableDiffusionAutoSize } from './stable-diffusion/size-of-control-image'
export { StableDiffusionTextToImageBlocks } from './stable-diffusion/text-to-image-blocks'
export { UsePromptEmbeds } from './stable-diffusion/use-prompt-embeds'
export {
  StableDiffusionXLAutoBeforeDenoise,
  StableDiffusionXLBeforeDenoise,
  StableDiffusionXLImg2ImgBeforeDenoise,
  StableDiffusionXLInpaintBeforeDenoise,
} from './stable-diffusion-xl/auto-before-denoise'
export { StableDiffusionXLAutoBlocks } from './stable-diffusion-xl/auto-blocks'
export { StableDiffusionXLAutoControlNetInput } from './stable-diffusion-xl/auto-controlnet-input'
export {
  StableDiffusionXLAutoDecode,
  StableDiffusionXLDecode,
  StableDiffusionXLInpaintDecode,
} from './stable-diffusion-xl/auto-decode'
export { StableDiffusionXLAutoTextEncoder } from './stable-diffusion-xl/auto-text-encoder'
export { StableDiffusionXLAutoVaeEncoder } from './stable-diffusion-xl/auto-vae-encoder'
export { StableDiffusionXLAutoDenoise, StableDiffusionXLCoreDenoise } from './stable-diffusion-xl/core-denoise'
export { StableDiffusionXLEncodeInpaintImage } from './stable-diffusion-xl/encode-inpaint-image'
export { StableDiffusionXLEncodePrompt } from './stable-diffusion-xl/encode-prompt'
export { StableDiffusionXLInput } from './stable-diffusion-xl/input'
export { StableDiffusionXLPrepareAdditionalConditioning } from './stable-diffusion-xl/prepare-additional-conditioning'
export { StableDiffusionXLImg2ImgPrepareAdditionalConditioning } from './stable-diffusion-xl/prepare-img2img-additional-conditioning'
export { StableDiffusionXLSetTimesteps } from './stable-diffusion-xl/set-timesteps'
export { StableDiffusionXLUsePromptEmbeds } from './stable-diffusion-xl/use-prompt-embeds'
export { AutoControlNetDenoise } from './steps/auto-controlnet-denoise'
export { AutoIPAdapter } from './steps/auto-ip-adapter'
export { AutoT2IAdapter } from './steps/auto-t2i-adapter'
export { BlendMask } from './steps/blend-mask'
export type { ControlImages } from './steps/control-images'
export { ControlNetDenoiseLoop, InpaintControlNetDenoiseLoop } from './steps/controlnet-denoise-loop'
export { ControlNetInput } from './steps/controlnet-input'
export { ControlNetPredictNoise } from './steps/controlnet-predict-noise'
export { ControlNetUnionInput } from './steps/controlnet-union-input'
export { DecodeLatents } from './steps/decode-latents'
export { DenoiseLoop } from './steps/denoise-loop'
export { EmbedGuidance } from './steps/embed-guidance'
export { EncodeImage } from './steps/encode-image'
export { EncodeInpaintImage } from './steps/encode-inpaint-image'
export { EncodeIPAdapterImage } from './steps/encode-ip-adapter-image'
export { InpaintDenoiseLoop } from './steps/inpaint-denoise-loop'
export type { IPAdapterImages } from './steps/ip-adapter-images'
export { OverlayMask } from './steps/overlay-mask'
export { PostprocessImages } from './steps/postprocess-images'
export { PredictNoise } from './steps/predict-noise'
export { PrepareImg2ImgLatents } from './steps/prepare-img2img-latents'
export { PrepareInpaintLatents } from './steps/prepare-inpaint-latents'
export { PrepareLatents } from './steps/prepare-latents'
export { PrepareModels } from './steps/prepare-models'
export { ProjectIPAdapterImages } from './steps/project-ip-adapter-images'
export { ScaleInpaintInput } from './steps/scale-inpaint-input'
export { ScaleModelInput } from './steps/scale-model-input'
export { SchedulerStep } from './steps/scheduler-step'
export { SetGuidance } from './steps/set-guidance'
export { SetImg2ImgTimesteps } from './steps/set-img2img-timesteps'
export { SetTimesteps } from './steps/set-timesteps'
export { T2IAdapterInput } from './steps/t2i-adapter-input'
export { UseIPAdapterImageEmbeds } from './steps/use-ip-adapter-image-embeds'

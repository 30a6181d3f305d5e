/** Which of our classes stand for those that an index names, and of which Python package those are. */
import { classNameOf } from '../src/format/class-name'
import type { ComponentClass } from '../src/params/component-class'
import { registerComponentClasses } from '../src/params/component-classes'
import { BaseGuidance, guiderClasses } from './guiders/base-guidance'
import { CLIPImageProcessor } from './images/clip-image-processor'
import { VaeImageProcessor } from './images/vae-image-processor'
import { AutoencoderKL } from './models/autoencoder-kl/autoencoder-kl'
import { AutoencoderTiny } from './models/autoencoder-tiny/autoencoder-tiny'
import { CLIPTextModel } from './models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from './models/clip-text/clip-text-model-with-projection'
import { CLIPVisionModel } from './models/clip-vision/clip-vision-model'
import { CLIPVisionModelWithProjection } from './models/clip-vision/clip-vision-model-with-projection'
import { ControlNetModel } from './models/controlnet/controlnet-model'
import { ControlNetUnionModel } from './models/controlnet/controlnet-union-model'
import { MultiControlNetModel } from './models/controlnet/multi-controlnet-model'
import { StableDiffusionSafetyChecker } from './models/safety-checker/stable-diffusion-safety-checker'
import { T2IAdapter } from './models/t2i-adapter/t2i-adapter'
import { UNet2DConditionModel } from './models/unet-2d-condition/unet-2d-condition-model'
import { schedulerClasses } from './schedulers/scheduler-classes'
import { SchedulerMixin } from './schedulers/scheduler-mixin'
import './single-file/pipeline-index'
import { CLIPTokenizer } from './tokenizers/clip-tokenizer'
import { CLIP_TOKENIZER_CLASSES } from './tokenizers/clip-tokenizer-class'

registerComponentClasses('diffusers', {
  ...byName(schedulerClasses),
  SchedulerMixin,
  ...byName(guiderClasses),
  BaseGuidance,
  AutoencoderKL,
  AutoencoderTiny,
  ControlNetModel,
  ControlNetUnionModel,
  MultiControlNetModel,
  T2IAdapter,
  UNet2DConditionModel,
  VaeImageProcessor,
})
registerComponentClasses('transformers', {
  CLIPTextModel,
  CLIPTextModelWithProjection,
  CLIPVisionModel,
  CLIPVisionModelWithProjection,
  // The name that it had before transformers 4.27.
  CLIPFeatureExtractor: CLIPImageProcessor,
  CLIPImageProcessor,
  ...Object.fromEntries(CLIP_TOKENIZER_CLASSES.map(name => [name, CLIPTokenizer])),
})
// The module of diffusers that indexes name as its library.
registerComponentClasses('stable_diffusion', { StableDiffusionSafetyChecker })

function byName(classes: readonly ComponentClass[]): Record<string, ComponentClass> {
  return Object.fromEntries(classes.map(type => [classNameOf(type), type]))
}

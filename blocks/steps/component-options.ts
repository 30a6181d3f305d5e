/** How shared steps ask for the components that most families have. What a family does to them after loading, its blocks say. */
import type { ComponentOptions } from '../../src'

export const schedulerOptions: ComponentOptions = { description: 'Decides the noise levels and takes the steps.' }

export const unetOptions: ComponentOptions = { description: 'Predicts the noise.' }

/** What the pipeline has put on top of its models: none until one is loaded. */
export const adaptersOptions: ComponentOptions = {
  description: 'Adapters on top of the models, such as LoRAs; none until one is loaded.',
}

/** What pictures are shown to IP-Adapters with. */
export const imageEncoderOptions = {
  optional: true,
  description: 'Encodes pictures for IP-Adapters; one is loaded with an adapter where the model has none.',
} as const satisfies ComponentOptions

/** What prepares pictures for the image encoder. */
export const featureExtractorOptions = {
  optional: true,
  description: 'Prepares pictures for an image encoder; by default in the size that it was made for.',
} as const satisfies ComponentOptions

export const vaeOptions: ComponentOptions = { description: 'Turns latents into pictures.' }

export const imageProcessorOptions: ComponentOptions = {
  config: {},
  description: 'Converts between pixels and pictures.',
}

export const maskProcessorOptions: ComponentOptions = {
  config: { doNormalize: false, doBinarize: true, doConvertGrayscale: true },
  description: 'Converts masks to zeros and ones.',
}

export const controlnetOptions: ComponentOptions = {
  optional: true,
  description: 'Makes the picture follow others, such as outlines. Pictures without any need none.',
}

export const t2iAdapterOptions = {
  optional: true,
  description: 'Makes the picture follow another, such as a sketch. Pictures without any need none.',
} as const satisfies ComponentOptions

export const controlImageProcessorOptions: ComponentOptions = {
  config: { doConvertRgb: true, doNormalize: false },
  description: 'Converts the pictures for ControlNets.',
}

/** The inputs and outputs that nearly every pipeline has, so that they read the same everywhere. */
import { DeclarationError } from '../errors/declaration-error'
import type { InputParamOptions, OutputParamOptions } from './param-options'

type InputTemplate = Partial<InputParamOptions>
type OutputTemplate = Partial<OutputParamOptions>

const image = 'Image | Image[]'

const inputs: Readonly<Record<string, InputTemplate>> = {
  prompt: { typeHint: 'string', required: true, description: 'What the picture should show.' },
  negativePrompt: { typeHint: 'string', description: 'What the picture should not show.' },
  maxSequenceLength: { typeHint: 'number', default: 512, description: 'Longest prompt, in tokens.' },
  height: { typeHint: 'number', description: 'Height of the picture in pixels.' },
  width: { typeHint: 'number', description: 'Width of the picture in pixels.' },
  numInferenceSteps: { typeHint: 'number', default: 50, description: 'How many denoising steps to take.' },
  numImagesPerPrompt: { typeHint: 'number', default: 1, description: 'How many pictures to make of each prompt.' },
  generator: { typeHint: 'Generator', description: 'Source of the random numbers.' },
  sigmas: { typeHint: 'number[]', description: 'Noise levels to use in place of those of the scheduler.' },
  strength: { typeHint: 'number', default: 0.9, description: 'How far to go from the given picture, from 0 to 1.' },
  image: { typeHint: image, required: true, description: 'The picture to start from.' },
  latents: { typeHint: 'Tensor', description: 'Latents to start from, in place of random ones.' },
  timesteps: { typeHint: 'Tensor', description: 'Timesteps to use in place of those of the scheduler.' },
  outputType: { typeHint: 'string', default: 'pil', description: 'Form of the result.' },
  attentionKwargs: { typeHint: 'object', description: 'Extra arguments of the attention layers.' },
  denoiserInputFields: {
    name: null,
    kwargsType: 'denoiserInputFields',
    description: 'Everything that conditions the denoiser.',
  },
  maskImage: { typeHint: image, required: true, description: 'White where the picture may change.' },
  paddingMaskCrop: { typeHint: 'number', description: 'Margin around the mask to crop to, in pixels.' },
  controlImage: { typeHint: image, required: true, description: 'The picture that guides the structure.' },
  controlGuidanceStart: {
    typeHint: 'number',
    default: 0,
    description: 'Fraction of the steps after which control begins.',
  },
  controlGuidanceEnd: {
    typeHint: 'number',
    default: 1,
    description: 'Fraction of the steps after which control ends.',
  },
  controlnetConditioningScale: { typeHint: 'number', default: 1, description: 'Weight of the control.' },
  layers: { typeHint: 'number', default: 4, description: 'How many layers to split the picture into.' },
  promptEmbeds: { typeHint: 'Tensor', required: true, description: 'The encoded prompt.' },
  promptEmbedsMask: { typeHint: 'Tensor', required: true, description: 'Which tokens of the prompt count.' },
  negativePromptEmbeds: { typeHint: 'Tensor', description: 'The encoded negative prompt.' },
  negativePromptEmbedsMask: { typeHint: 'Tensor', description: 'Which tokens of the negative prompt count.' },
  imageLatents: { typeHint: 'Tensor', required: true, description: 'The encoded picture.' },
  batchSize: { typeHint: 'number', default: 1, description: 'Number of prompts.' },
  dtype: { typeHint: 'string', default: 'float32', description: 'Number format of the tensors.' },
}

const embeds = { typeHint: 'Tensor', kwargsType: 'denoiserInputFields' } as const

const outputs: Readonly<Record<string, OutputTemplate>> = {
  images: { typeHint: 'Image[]', description: 'The finished pictures.' },
  videos: { typeHint: 'Image[][]', description: 'The finished videos, as lists of frames.' },
  latents: { typeHint: 'Tensor', description: 'The denoised latents.' },
  imageLatents: { typeHint: 'Tensor', description: 'The encoded picture.' },
  promptEmbeds: { ...embeds, description: 'The encoded prompt.' },
  promptEmbedsMask: { ...embeds, description: 'Which tokens of the prompt count.' },
  negativePromptEmbeds: { ...embeds, description: 'The encoded negative prompt.' },
  negativePromptEmbedsMask: { ...embeds, description: 'Which tokens of the negative prompt count.' },
}

function apply<T extends { description?: string; name?: string | null }>(
  kind: 'InputParam' | 'OutputParam',
  templates: Readonly<Record<string, T>>,
  key: string,
  { note, ...overrides }: Partial<T> & { note?: string },
): T {
  if (!Object.hasOwn(templates, key)) {
    throw new DeclarationError(
      kind,
      `template("${key}")`,
      `no such template exists. Known templates: ${Object.keys(templates).join(', ')}.`,
    )
  }
  const template = templates[key] as T
  const description = note && template.description ? `${template.description} (${note})` : template.description
  // The template's own name may be null (a group), so presence decides, not truth.
  return { name: key, ...template, ...(description === undefined ? {} : { description }), ...overrides } as unknown as T
}

/** The options of a template input, with a note appended to its description and overrides applied. */
export function inputTemplate(key: string, options: Partial<InputParamOptions> & { note?: string }): InputParamOptions {
  return apply<InputTemplate>('InputParam', inputs, key, options) as InputParamOptions
}

/** The options of a template output. */
export function outputTemplate(
  key: string,
  options: Partial<OutputParamOptions> & { note?: string },
): OutputParamOptions {
  return apply<OutputTemplate>('OutputParam', outputs, key, options) as OutputParamOptions
}

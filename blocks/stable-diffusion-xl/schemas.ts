/** Schemas of the values that blocks of Stable Diffusion XL pass to each other. */
import { z } from 'zod'
import { tensor } from '../../components'
import { TYPE_KEY } from '../../src'

/** Embeddings of texts `[prompts, tokens, channels]`: those of both text encoders side by side. */
export const promptsSchema = tensor('prompts tokens channels')

/** Pooled embeddings of texts `[prompts, pooledChannels]`, of the second text encoder. */
export const pooledPromptsSchema = tensor('prompts pooledChannels')

/** Pooled embeddings, repeated for each picture `[images, pooledChannels]`. */
export const pooledEmbedsSchema = tensor('images pooledChannels')

/**
 * Sizes and scores that the UNet is conditioned on, `[images, timeIds]`: the original's height and width, the crop's
 * top and left, then the target's height and width or the aesthetic score.
 */
export const timeIdsSchema = tensor('images timeIds')

/** How a pair of numbers is called in documentation. */
const PAIR = { [TYPE_KEY]: '[number, number]' }

/** Height and width in pixels. */
export const sizeSchema = z.tuple([z.number().min(0), z.number().min(0)]).meta(PAIR)

/** Top and left in pixels. */
export const offsetSchema = z.tuple([z.number(), z.number()]).meta(PAIR)

/** How the values for the negative prompt are declared: without a guider that compares, there are none. */
export const negativeOutput = { typeHint: 'Tensor', kwargsType: 'denoiserInputFields' } as const

/** The embeddings that a text step gives, each tagged for the denoiser. */
export const embedsOutputs = {
  promptEmbeds: { schema: promptsSchema, kwargsType: 'denoiserInputFields', description: 'The encoded prompts.' },
  negativePromptEmbeds: {
    ...negativeOutput,
    description: 'The encoded negative prompts, if the guider compares with them.',
  },
  pooledPromptEmbeds: {
    schema: pooledPromptsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'The prompts, each encoded as a whole.',
  },
  negativePooledPromptEmbeds: {
    ...negativeOutput,
    description: 'The negative prompts, each encoded as a whole, if the guider compares with them.',
  },
} as const

/** Schemas of the values that blocks of Stable Diffusion pass to each other. */
import { embedsSchema } from '../steps/schemas'

/** The embeddings that a text step gives, repeated for each picture and tagged for the denoiser. */
export const imageEmbedsOutputs = {
  promptEmbeds: {
    schema: embedsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'The encoded prompts, one for each picture.',
  },
  negativePromptEmbeds: {
    typeHint: 'Tensor',
    kwargsType: 'denoiserInputFields',
    description: 'The encoded negative prompts, if the guider compares with them.',
  },
} as const

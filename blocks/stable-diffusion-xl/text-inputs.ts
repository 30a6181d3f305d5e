/** How the blocks of the family ask for texts, and for what encodes them. */
import { z } from 'zod'
import type { ComponentOptions } from '../../src'
import { countSchema, textsSchema } from '../steps/schemas'
import {
  textEncoderOptions,
  textEncoderOptionsFor,
  tokenizerOptions,
  tokenizerOptionsFor,
} from '../steps/tokens-without-embedding'

export const firstTokenizer = {
  ...tokenizerOptions,
  optional: true,
  description: 'Splits the prompt into tokens. Refiners have none.',
} as const satisfies ComponentOptions

export const firstTextEncoder = {
  ...textEncoderOptions,
  optional: true,
  description: 'Embeds the tokens. Refiners have none.',
} as const satisfies ComponentOptions

export const secondTokenizer = {
  ...tokenizerOptionsFor('textEncoder2'),
  description: 'Splits the prompt into tokens for the second text encoder.',
} as const satisfies ComponentOptions

export const secondTextEncoder = {
  ...textEncoderOptionsFor('tokenizer2'),
  description: 'Embeds the tokens, and the prompt as a whole.',
} as const satisfies ComponentOptions

export const prompt2Schema = textsSchema
  .optional()
  .describe('What the second text encoder gets; by default the same as the first.')

export const negativePromptSchema = textsSchema
  .optional()
  .describe(
    'What the picture should not show: one text, or one for each prompt. Without it, the model may compare with zeros, which differs from an empty text.',
  )

export const negativePrompt2Schema = textsSchema
  .optional()
  .describe('What the second text encoder gets for the negative prompt; by default the same as the first.')

export const clipSkipSchema = countSchema
  .optional()
  .describe(
    'How many of the last layers of the text encoders to leave out, beside the very last one. As in the reference, this is for the prompt alone.',
  )

export const forceZerosSchema = z
  .boolean()
  .default(true)
  .describe('Whether zeros take the place of the embeddings of a negative prompt that is missing.')

/** The form of `vocabulary.json`, which docs/guides/vocabulary.md describes. */
import { z } from 'zod'

const phrase = z.string().min(1).max(200)
const phrases = z.array(phrase).max(20_000)
const pixels = z
  .int()
  .min(1)
  .max(2 ** 24)

/** What a model was trained on. A key with another name is a mistake that would go unnoticed, so there may be none. */
export const vocabularySchema = z.strictObject({
  names: phrases.min(1),
  modifiers: z
    .array(z.strictObject({ words: phrases.min(1), names: phrases.min(1) }))
    .max(100)
    .optional(),
  ignored: phrases.optional(),
  aliases: z.record(phrase, phrase).optional(),
  max_names: z.int().min(1).optional(),
  sizes: z
    .array(z.tuple([pixels, pixels]))
    .max(1000)
    .optional(),
})

/** The contents of `vocabulary.json`, with keys as in the file. */
export type VocabularyFile = Readonly<z.output<typeof vocabularySchema>>

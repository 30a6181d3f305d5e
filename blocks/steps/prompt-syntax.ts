/** How blocks ask in which syntax prompts are written. */
import { z } from 'zod'

/** The input for the syntax of prompts. */
export const promptSyntaxSchema = z
  .enum(['plain', 'a1111'])
  .default('plain')
  .describe(
    "How prompts are read: as plain text, or with weights as in AUTOMATIC1111's web UI, `(word:1.3)`, and in as many chunks as they take.",
  )

/** What {@link promptSyntaxSchema} takes. */
export type PromptSyntax = z.output<typeof promptSyntaxSchema>

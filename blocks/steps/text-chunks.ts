/** Token ids of texts, as a text encoder takes them. */

/** What the texts for the first text encoder are, for warnings. */
export type FirstPromptName = 'prompt' | 'negative prompt'

/** What texts are, for warnings. The second ones are those for a second text encoder, where they differ. */
export type PromptName = FirstPromptName | `second ${FirstPromptName}`

/** Rows of token ids, one for each of some texts. */
export interface TextChunk {
  readonly ids: readonly (readonly number[])[]
  /** 1 for each token, 0 for each filler. */
  readonly mask: readonly (readonly number[])[]
  /** How much each token counts; all count alike without it. */
  readonly weights?: readonly (readonly number[])[]
}

/** Turns prompts into token ids. */
export interface PromptReader {
  /** How many chunks the longest of some texts takes. @throws InputTypeError for a text that cannot be read */
  countChunks(what: PromptName, prompts: readonly string[]): Promise<number>
  /** The first chunks of all texts, then the second ones, and so on. */
  read(prompts: readonly string[], chunks: number): Promise<TextChunk[]>
  /** Warns about texts after they were read: truncated texts, and syntax that is not followed. */
  warn(what: PromptName, prompts: readonly string[]): void
}

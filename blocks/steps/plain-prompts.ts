/** Reads prompts as plain text, of which the text encoder takes the beginning. Counterpart: encode_prompt of diffusers' pipelines. */
import { a1111SyntaxIn, type CLIPTokenizer, expandConcepts } from '../../components'
import { printableName } from '../../src'
import type { PromptWarnings } from './prompt-warnings'
import type { PromptName, PromptReader, TextChunk } from './text-chunks'

/** Reads each prompt as one chunk. */
export class PlainPrompts implements PromptReader {
  /** The end of each text that does not fit. */
  private readonly truncated = new Map<string, string>()

  constructor(
    private readonly tokenizer: CLIPTokenizer,
    private readonly warnings: PromptWarnings,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async countChunks(): Promise<number> {
    return 1
  }

  async read(prompts: readonly string[]): Promise<TextChunk[]> {
    const { tokenizer, signal, truncated } = this
    const encoded = await tokenizer.encodeAsync(
      prompts.map(prompt => expandConcepts(prompt, tokenizer)),
      { padding: 'max_length', truncation: true, signal },
    )
    for (const [i, text] of encoded.truncated.entries()) if (text !== '') truncated.set(prompts[i] as string, text)
    return [{ ids: encoded.inputIds, mask: encoded.attentionMask }]
  }

  warn(what: PromptName, prompts: readonly string[]): void {
    const longer = `longer than ${this.tokenizer.modelMaxLength} tokens.`
    this.warnings.warnOfEach('PROMPT_TRUNCATED', what, prompts, {
      problemOf: prompt => {
        const rest = this.truncated.get(prompt)
        return rest && `is ${longer} The truncated part is: "${rest}"`
      },
      more: `are ${longer}`,
    })
    const advice = "To apply it, pass promptSyntax: 'a1111', or --prompt-syntax a1111 on the command line."
    this.warnings.warnOfEach('PROMPT_SYNTAX_IGNORED', what, prompts, {
      problemOf: prompt => {
        const part = a1111SyntaxIn(prompt)
        return part && `is read as plain text, and so is "${printableName(part)}" in it. ${advice}`
      },
      more: 'are read as plain text.',
    })
  }
}

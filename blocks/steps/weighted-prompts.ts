/** Reads prompts with weights, of any length. Counterpart: modules/sd_hijack_clip.py of AUTOMATIC1111's web UI */
import {
  a1111PromptLoop,
  type CLIPTokenizer,
  type PromptChunk,
  PromptChunker,
  takeNetworkTags,
  unsupportedSyntaxIn,
  type WeightedText,
} from '../../components'
import { InputTypeError, printableName, type RunContext, runAtOnce, runInSlices } from '../../src'
import type { PromptSyntax } from './prompt-syntax'
import type { PromptWarnings } from './prompt-warnings'
import type { PromptName, PromptReader, TextChunk } from './text-chunks'

/** Chunks of a prompt: 4800 tokens with a text encoder of 77. */
const MOST_CHUNKS = 64

/** Beyond it, a weight leaves no number to compute with. */
const LARGEST_WEIGHT = 1000

/** The inputs that texts come from, for errors. */
const INPUTS: Readonly<Record<PromptName, string>> = {
  prompt: 'prompt',
  'negative prompt': 'negativePrompt',
  'second prompt': 'prompt2',
  'second negative prompt': 'negativePrompt2',
}

/** Reads a prompt without its network tags, section by section. */
const sectionsLoop = (prompt: string) => a1111PromptLoop(takeNetworkTags(prompt).text)

/** The text of a section, without weights and escapes. */
const textOf = (section: readonly WeightedText[]) => section.map(({ text }) => text).join('')

/** Reads prompts in AUTOMATIC1111's syntax, each as many chunks as it takes. */
export class WeightedPrompts implements PromptReader {
  private readonly chunker: PromptChunker
  private readonly known = new Map<string, readonly PromptChunk[]>()

  constructor(
    tokenizer: CLIPTokenizer,
    private readonly warnings: PromptWarnings,
    private readonly context: RunContext,
  ) {
    this.chunker = new PromptChunker(tokenizer)
  }

  async countChunks(what: PromptName, prompts: readonly string[]): Promise<number> {
    let most = 1
    for (const prompt of new Set(prompts)) most = Math.max(most, (await this.chunksOf(what, prompt)).length)
    return most
  }

  async read(prompts: readonly string[], chunks: number): Promise<TextChunk[]> {
    const rows: (readonly PromptChunk[])[] = []
    for (const prompt of prompts) rows.push(await this.chunksOf('prompt', prompt))
    const { empty } = this.chunker
    return Array.from({ length: chunks }, (_, i) => {
      const each = rows.map(row => row[i] ?? empty)
      return {
        ids: each.map(({ ids }) => ids),
        mask: each.map(({ mask }) => mask),
        weights: each.map(({ weights }) => weights),
      }
    })
  }

  warn(what: PromptName, prompts: readonly string[]): void {
    this.warnings.warnOfEach('PROMPT_TAG_IGNORED', what, prompts, {
      problemOf: prompt => {
        const [tag] = takeNetworkTags(prompt).tags
        return (
          tag &&
          `names "${printableName(tag)}", which is ignored. Load the file with loadLoraWeights(), or with --lora on the command line.`
        )
      },
      more: 'name files that are ignored.',
    })
    this.warnings.warnOfEach('PROMPT_SYNTAX_UNSUPPORTED', what, prompts, {
      problemOf: prompt => {
        const part = unsupportedSyntaxIn(takeNetworkTags(prompt).text)
        return (
          part &&
          `has "${printableName(part)}", which is read as a part of the text: prompts that change with the steps, or are composed, are not supported.`
        )
      },
      more: 'have unsupported syntax.',
    })
  }

  /** @throws InputTypeError for a text that is too long, or a weight that is too large */
  private async chunksOf(what: PromptName, prompt: string): Promise<readonly PromptChunk[]> {
    const known = this.known.get(prompt)
    if (known) return known
    const { signal, path } = this.context
    const sections = await runInSlices(sectionsLoop(prompt), signal)
    const input = INPUTS[what]
    const tooLarge = sections.flat().find(({ weight }) => !(Math.abs(weight) <= LARGEST_WEIGHT))
    if (tooLarge) {
      const expected = `weights must be from -${LARGEST_WEIGHT} to ${LARGEST_WEIGHT}, but that of "${printableName(tooLarge.text)}" is ${tooLarge.weight}`
      throw new InputTypeError({ path, input, expected, value: prompt })
    }
    const chunks = await this.chunker.cut(sections, { most: MOST_CHUNKS, signal })
    if (chunks.length > MOST_CHUNKS) {
      const expected = `it must take at most ${MOST_CHUNKS} chunks of the text encoder. Shorten it`
      throw new InputTypeError({ path, input, expected, value: prompt })
    }
    this.known.set(prompt, chunks)
    return chunks
  }
}

/** Characters of prompts that are tokenized for an estimate. */
const ESTIMATED = 10_000

/** About how many tokens the embeddings of prompts are long, before they are read. */
export function estimateTokens(
  tokenizer: CLIPTokenizer,
  syntax: PromptSyntax,
  prompts: readonly (string | readonly string[] | undefined)[],
): number {
  const { modelMaxLength } = tokenizer
  const texts = syntax === 'plain' ? [] : prompts.flatMap(text => text ?? [])
  if (texts.reduce((sum, { length }) => sum + length, 0) > ESTIMATED) return modelMaxLength
  const chunksOf = (section: readonly WeightedText[]) =>
    Math.ceil(tokenizer.tokenize(textOf(section)).length / (modelMaxLength - 2))
  const counts = texts.map(text =>
    runAtOnce(sectionsLoop(text)).reduce((sum, section, i, all) => {
      const own = chunksOf(section)
      // An empty section behind the last BREAK is dropped.
      return sum + (i > 0 && i === all.length - 1 ? own : Math.max(1, own))
    }, 0),
  )
  return modelMaxLength * Math.max(1, ...counts)
}

/** The texts of prompts without weights and escapes, for a comparison with a vocabulary. */
export async function plainTexts(
  prompts: readonly string[],
  syntax: PromptSyntax,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  if (syntax === 'plain') return [...prompts]
  const texts: string[] = []
  for (const prompt of prompts) {
    const sections = await runInSlices(sectionsLoop(prompt), signal)
    texts.push(sections.map(textOf).join(' '))
  }
  return texts
}

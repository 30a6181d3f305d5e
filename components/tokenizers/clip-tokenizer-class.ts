/** The classes of tokenizers that stand for CLIP's, and how a tokenizer.json shows that it is one of CLIP's. */
import { printableName } from '../../src/errors/printable'
import { InvalidTokenizerError } from './invalid-tokenizer-error'

/** Names of this class in `tokenizer_config.json` and `model_index.json`: one vocabulary, two implementations in Python. */
export const CLIP_TOKENIZER_CLASSES = ['CLIPTokenizer', 'CLIPTokenizerFast']

/** Classes of Python that do whatever a tokenizer.json says. */
const GENERIC_CLASSES = ['PreTrainedTokenizerFast', 'TokenizersBackend']

/** Whether Python's class of that name may read a CLIP tokenizer. */
export function canReadCLIP(className: string): boolean {
  return CLIP_TOKENIZER_CLASSES.includes(className) || isGeneric(className)
}

/** Whether Python's class of that name does whatever a tokenizer.json says. */
export function isGeneric(className: string): boolean {
  return GENERIC_CLASSES.includes(className)
}

/** What a tokenizer.json says besides its vocabulary. */
export interface TokenizerSteps {
  model?: unknown
  normalizer?: unknown
  pre_tokenizer?: unknown
  post_processor?: unknown
}

/**
 * Makes sure that a tokenizer.json, which a generic class follows step by step, takes the steps of CLIP.
 *
 * @throws InvalidTokenizerError for the first one that differs
 */
export function requireCLIPSteps(file: string, steps: TokenizerSteps): void {
  const differs = (step: string) =>
    new InvalidTokenizerError(
      file,
      `its ${step} is not that of a CLIP tokenizer, and only CLIP tokenizers are supported. Use a model with a CLIP tokenizer.`,
    )
  if (
    membersOf(steps.normalizer)
      .map(({ type }) => type)
      .join() !== 'NFC,Replace,Lowercase'
  )
    throw differs('normalizer')
  const [split, byteLevel, ...others] = membersOf(steps.pre_tokenizer)
  const pieces = JSON.stringify(split?.['pattern'] ?? '')
  const isSplit =
    split?.type === 'Split' &&
    pieces.includes("'s|'t|'re|'ve|'m|'ll|'d|[\\\\p{L}]+|[\\\\p{N}]|[^\\\\s\\\\p{L}\\\\p{N}]+")
  const isByteLevel = byteLevel?.type === 'ByteLevel' && byteLevel['add_prefix_space'] !== true
  if (!isSplit || !isByteLevel || others.length > 0) throw differs('pre_tokenizer')
  const model = steps.model as ProcessorStep
  for (const setting of ['dropout', 'ignore_merges', 'fuse_unk', 'byte_fallback', 'continuing_subword_prefix']) {
    if (model[setting]) throw differs(`model.${setting}`)
  }
  const [post] = membersOf(steps.post_processor)
  if (post?.type !== 'RobertaProcessing' && post?.type !== 'TemplateProcessing') throw differs('post_processor')
}

/**
 * Makes sure that a tokenizer.json, which a generic class follows, puts these tokens around a text.
 *
 * @throws InvalidTokenizerError if it puts others
 */
export function requireEnds(file: string, steps: TokenizerSteps, begin: string, end: string): void {
  const [post] = membersOf(steps.post_processor)
  const tokens =
    post?.type === 'RobertaProcessing' ? [nameOf(post['cls']), 'A', nameOf(post['sep'])] : templateOf(post?.['single'])
  if (tokens.join('\n') === [begin, 'A', end].join('\n')) return
  const problem =
    'its post_processor is not that of a CLIP tokenizer, and only CLIP tokenizers are supported: it does not ' +
    `put ${printableName(begin)} before and ${printableName(end)} after a text.`
  throw new InvalidTokenizerError(file, problem)
}

/** The token of a pair of token and id. */
function nameOf(pair: unknown): string {
  return Array.isArray(pair) ? String(pair[0]) : ''
}

/** The tokens of a template, with `A` for the text. */
function templateOf(template: unknown): string[] {
  if (!Array.isArray(template)) return []
  return template.map((part: Record<string, { id?: unknown } | undefined>) =>
    String((part?.['SpecialToken'] ?? part?.['Sequence'])?.id),
  )
}

type ProcessorStep = Readonly<Record<string, unknown>>

/** The parts of a sequence of steps, or the one step. */
function membersOf(value: unknown): readonly ProcessorStep[] {
  if (typeof value !== 'object' || value === null) return []
  const step = value as ProcessorStep
  const members = step['normalizers'] ?? step['pretokenizers'] ?? step['processors']
  return step['type'] === 'Sequence' && Array.isArray(members) ? members.flatMap(membersOf) : [step]
}

/** Reads a CLIP tokenizer's folder: `tokenizer.json` or `vocab.json` + `merges.txt`, and the settings beside them. */
import { join } from 'node:path'
import { z } from 'zod'
import { emitWarning } from '../../src/errors/emit-warning'
import { printableName } from '../../src/errors/printable'
import { readText } from '../../src/files/read-text'
import { VOCABULARY } from '../../src/format/text-limits'
import { runInSlices, yieldToEventLoop } from '../../src/runtime/time-slice'
import { readConfig } from '../configs/read-config'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import { LONGEST_ADDED_TOKEN, numberedTokenSchema } from './added-token'
import { CLIP_TOKENIZER_CLASSES, canReadCLIP, isGeneric, requireCLIPSteps, requireEnds } from './clip-tokenizer-class'
import { type CollectedTokens, collectAddedTokens } from './collect-added-tokens'
import { InvalidTokenizerError } from './invalid-tokenizer-error'
import {
  type Side,
  type TokenizerSettings,
  tokenizerSettingsSchema,
  warnOfTokenizerSettings,
} from './tokenizer-settings'
import { idSchema, mergesLoop, mergesTextLoop, vocabLoop } from './vocabulary-tables'

/** Of older folders: each added token with its id. */
const addedIdsSchema = z.record(z.string().min(1).max(LONGEST_ADDED_TOKEN), idSchema)

/** Where a `tokenizer.json` states the side that is filled or cut. */
const directionSchema = z.looseObject({ direction: z.enum(['Left', 'Right']).optional() }).nullish()

const tokenizerJsonSchema = z.object({
  model: z.looseObject({
    type: z.literal('BPE').optional(),
    end_of_word_suffix: z.literal('</w>'),
    /** Checked in pieces, as are the merges. */
    vocab: z.unknown(),
    merges: z.unknown(),
  }),
  added_tokens: z.array(numberedTokenSchema(idSchema)).default([]),
  padding: directionSchema,
  truncation: directionSchema,
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
})

/** Everything that tells one CLIP tokenizer from another. */
export interface CLIPTokenizerFiles extends CollectedTokens {
  /** Token → id. */
  vocab: Readonly<Record<string, number>>
  /** Pairs of pieces that are joined, the most wanted first. */
  merges: [string, string][]
  /** Longest sequence that the text model takes, start and end token included. */
  modelMaxLength: number
  /** Where filler goes. */
  paddingSide: Side
  /** Where rows that are too long are cut. */
  truncationSide: Side
  /** Whether special tokens in a text are read as plain text. */
  splitSpecialTokens: boolean
}

/** Every file that a tokenizer's folder can hold. */
export const CLIP_TOKENIZER_FILES = [
  'tokenizer_config.json',
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'special_tokens_map.json',
]

/** Positions of every published CLIP text model; taken when the folder gives none, or a placeholder such as 1e30. */
const CLIP_MAX_LENGTH = 77
const LARGEST_REAL_LENGTH = 1_000_000

/**
 * Reads and checks the tokenizer in `folder`.
 *
 * @throws MissingFileError when neither `tokenizer.json` nor `vocab.json` with `merges.txt` is there.
 * @throws InvalidConfigError when a file is not JSON.
 * @throws InvalidTokenizerError when a file does not fit, or is made for a tokenizer of another class.
 */
export async function readCLIPTokenizerFiles(
  folder: string,
  { signal, className }: { signal?: AbortSignal | undefined; className?: string | undefined } = {},
): Promise<CLIPTokenizerFiles> {
  const names = await listFolder(folder)
  const read = async <S extends z.ZodType>(name: string, schema: S): Promise<z.infer<S> | undefined> => {
    signal?.throwIfAborted()
    if (!names?.includes(name)) return undefined
    const config = await readConfig(folder, name, VOCABULARY)
    // Files that were read at once are not checked at once.
    await yieldToEventLoop()
    return check(join(folder, name), schema, config)
  }
  const readSettings = async (name: string) => {
    const config = await read(name, z.record(z.string(), z.unknown()))
    if (config) warnOfTokenizerSettings(config, join(folder, name))
    return check(join(folder, name), tokenizerSettingsSchema, config ?? {})
  }
  const settings = await readSettings('tokenizer_config.json')
  const configFile = join(folder, 'tokenizer_config.json')
  const stated = settings.tokenizer_class ?? undefined
  if (stated === undefined || canReadCLIP(stated))
    return readBpeVocabulary(folder, { names, read, readSettings, settings, signal }, className ?? stated)
  try {
    const files = await readBpeVocabulary(folder, { names, read, readSettings, settings, signal }, className)
    const message = `${configFile} names the class ${printableName(stated)}. It was loaded as CLIPTokenizer, because the folder holds the files of one.`
    emitWarning('OTHER_CLASS', message)
    return files
  } catch (error) {
    if (!(error instanceof InvalidTokenizerError || error instanceof MissingFileError)) throw error
    const problem = `belongs to a ${printableName(stated)}; this class reads ${CLIP_TOKENIZER_CLASSES.join(' and ')}. ${error.message}`
    throw new InvalidTokenizerError(configFile, problem)
  }
}

type Read = <S extends z.ZodType>(name: string, schema: S) => Promise<z.infer<S> | undefined>

interface FolderContents {
  readonly names: readonly string[] | undefined
  readonly read: Read
  readonly readSettings: (name: string) => Promise<TokenizerSettings>
  readonly settings: TokenizerSettings
  readonly signal: AbortSignal | undefined
}

async function readBpeVocabulary(
  folder: string,
  { names, read, readSettings, settings, signal }: FolderContents,
  className = 'CLIPTokenizer',
): Promise<CLIPTokenizerFiles> {
  const tokenizer = await read('tokenizer.json', tokenizerJsonSchema)
  if (isGeneric(className)) {
    if (!tokenizer) throw new MissingFileError(folder, ['tokenizer.json'], names, `A ${className} reads no other file.`)
    requireCLIPSteps(join(folder, 'tokenizer.json'), tokenizer)
  }
  const [vocabFile, mergesFile] = ['vocab.json', 'merges.txt'].map(name => join(folder, name)) as [string, string]
  const tokenizerFile = join(folder, 'tokenizer.json')
  const table = tokenizer ? undefined : await read('vocab.json', z.unknown())
  const vocab = tokenizer
    ? await runInSlices(vocabLoop(tokenizerFile, 'model.vocab.', tokenizer.model.vocab), signal)
    : table === undefined
      ? undefined
      : await runInSlices(vocabLoop(vocabFile, '', table), signal)
  const merges = tokenizer
    ? await runInSlices(mergesLoop(tokenizerFile, 'model.merges', tokenizer.model.merges), signal)
    : names?.includes('merges.txt') &&
      (await runInSlices(mergesTextLoop(mergesFile, await readText(mergesFile, VOCABULARY.bytes)), signal))
  if (!vocab || !merges) {
    const advice = 'A vocab.json needs the merges.txt that belongs to it.'
    throw new MissingFileError(folder, ['tokenizer.json', vocab ? 'merges.txt' : 'vocab.json'], names, advice)
  }

  // Folders that list their added tokens in the settings hold all the rest there too. Before, special_tokens_map.json had
  // the last word: it alone says that Stable Diffusion 2 pads with "!".
  const map = settings.added_tokens_decoder ? undefined : await readSettings('special_tokens_map.json')
  const tokens = collectAddedTokens(folder, {
    settings,
    map,
    vocab,
    addedIds: settings.added_tokens_decoder ? undefined : await read('added_tokens.json', addedIdsSchema),
    ofTokenizerJson: tokenizer?.added_tokens,
  })
  if (isGeneric(className) && tokenizer) {
    requireEnds(tokenizerFile, tokenizer, tokens.bosToken.content, tokens.eosToken.content)
  }
  const length = settings.model_max_length ?? settings.max_len ?? CLIP_MAX_LENGTH
  const sideOf = (stated: Side | undefined, direction: 'Left' | 'Right' | undefined) =>
    stated ?? (direction === 'Left' ? 'left' : 'right')
  return {
    vocab,
    merges,
    ...tokens,
    modelMaxLength: length > LARGEST_REAL_LENGTH ? CLIP_MAX_LENGTH : length,
    paddingSide: sideOf(map?.padding_side ?? settings.padding_side, tokenizer?.padding?.direction),
    truncationSide: sideOf(map?.truncation_side ?? settings.truncation_side, tokenizer?.truncation?.direction),
    splitSpecialTokens: map?.split_special_tokens ?? settings.split_special_tokens ?? false,
  }
}

function check<S extends z.ZodType>(file: string, schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  // A wrong vocabulary is wrong in all its entries: the first few say enough.
  const issues = result.error.issues
    .slice(0, 3)
    .map(issue => `${printableName(issue.path.join('.')) || 'the file'}: ${printableName(issue.message)}`)
  throw new InvalidTokenizerError(file, `${issues.join('; ')}.`)
}

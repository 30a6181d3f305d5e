/** Reads a CLIP tokenizer's folder: `tokenizer.json` or `vocab.json` + `merges.txt`, and the settings beside them. */
import { join } from 'node:path'
import { z } from 'zod'
import { emitWarning } from '../../src/errors/emit-warning'
import { printableName } from '../../src/errors/printable'
import { readText } from '../../src/files/read-text'
import { VOCABULARY } from '../../src/files/text-limits'
import { runInSlices, yieldToEventLoop } from '../../src/runtime/time-slice'
import { readConfig } from '../configs/read-config'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import { CLIP_TOKENIZER_CLASSES, canReadCLIP, isGeneric, requireCLIPSteps } from './clip-tokenizer-class'
import { InvalidTokenizerError } from './invalid-tokenizer-error'
import { idSchema, mergesLoop, mergesTextLoop, vocabLoop } from './vocabulary-tables'

/** Characters of an added token, and of all of them together, which become one regular expression. */
const LONGEST_ADDED_TOKEN = 1000
const LONGEST_ADDED_TOKENS = 200_000

const addedTokenSchema = z.object({
  content: z.string().min(1).max(LONGEST_ADDED_TOKEN),
  /** `true`: looked for in the lower-cased text; `false`: in the text as it was given. */
  normalized: z.boolean().default(true),
  /** Steers the model and is no part of the text. */
  special: z.boolean().default(false),
  /** Takes the white space before it along. */
  lstrip: z.boolean().default(false),
  /** Takes the white space after it along. */
  rstrip: z.boolean().default(false),
})
/** Of older folders: each added token with its id. */
const addedIdsSchema = z.record(z.string().min(1).max(LONGEST_ADDED_TOKEN), idSchema)
/** A token with a role: its text alone, or with the settings of an added token. */
const specialTokenSchema = z
  .union([
    addedTokenSchema,
    z
      .string()
      .transform((content): z.input<typeof addedTokenSchema> => ({ content, normalized: false }))
      .pipe(addedTokenSchema),
  ])
  .transform(token => ({ ...token, special: true }))
const specialTokensSchema = z.object({
  bos_token: specialTokenSchema.nullish(),
  eos_token: specialTokenSchema.nullish(),
  unk_token: specialTokenSchema.nullish(),
  pad_token: specialTokenSchema.nullish(),
})
type SpecialTokens = z.infer<typeof specialTokensSchema>
const settingsSchema = specialTokensSchema.extend({
  tokenizer_class: z.string().nullish(),
  model_max_length: z.number().min(3).nullish(),
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), addedTokenSchema).optional(),
})

const tokenizerJsonSchema = z.object({
  model: z.object({
    type: z.literal('BPE').optional(),
    end_of_word_suffix: z.literal('</w>'),
    /** Checked in pieces, as are the merges. */
    vocab: z.unknown(),
    merges: z.unknown(),
  }),
  added_tokens: z.array(addedTokenSchema.extend({ id: idSchema })).default([]),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
})

/** A token that stands for itself: it is found in the text before the rest is cut into pieces. */
export type AddedToken = z.infer<typeof addedTokenSchema> & { id: number }

/** Everything that tells one CLIP tokenizer from another. */
export interface CLIPTokenizerFiles {
  /** Token → id. */
  vocab: Readonly<Record<string, number>>
  /** Pairs of pieces that are joined, the most wanted first. */
  merges: [string, string][]
  /** Those with a role included. */
  addedTokens: AddedToken[]
  bosToken: AddedToken
  eosToken: AddedToken
  unkToken: AddedToken
  padToken: AddedToken
  /** Longest sequence that the text model takes, start and end token included. */
  modelMaxLength: number
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
 * @throws InvalidConfigError when a file is no JSON.
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
  const settings = (await read('tokenizer_config.json', settingsSchema)) ?? {}
  const configFile = join(folder, 'tokenizer_config.json')
  const stated = settings.tokenizer_class ?? undefined
  if (stated === undefined || canReadCLIP(stated))
    return readVocabulary(folder, { names, read, settings, signal }, className ?? stated)
  try {
    const files = await readVocabulary(folder, { names, read, settings, signal }, className)
    const message = `${configFile} names the class ${printableName(stated)}. It was loaded as CLIPTokenizer, whose files the folder holds.`
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
  readonly settings: z.infer<typeof settingsSchema>
  readonly signal: AbortSignal | undefined
}

async function readVocabulary(
  folder: string,
  { names, read, settings, signal }: FolderContents,
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
  const listed = settings.added_tokens_decoder
  const addedTokens = listed
    ? Object.entries(listed).map(([id, token]) => ({ ...token, id: Number(id) }))
    : (tokenizer?.added_tokens ?? addedTokensOf((await read('added_tokens.json', addedIdsSchema)) ?? {}))
  const roles = listed ? undefined : await read('special_tokens_map.json', specialTokensSchema)

  const tokenOf = (role: keyof SpecialTokens, content: string): AddedToken => {
    const wanted = roles?.[role] ?? settings[role] ?? specialTokenSchema.parse(content)
    const known = addedTokens.find(token => token.content === wanted.content)
    if (known) return known
    // Not every name that an object answers to is one of its own.
    const id = Object.hasOwn(vocab, wanted.content) ? vocab[wanted.content] : undefined
    if (id === undefined) {
      throw new InvalidTokenizerError(folder, `the vocabulary lacks the ${role} "${wanted.content}".`)
    }
    const token = { ...wanted, id }
    addedTokens.push(token)
    return token
  }
  const length = settings.model_max_length ?? CLIP_MAX_LENGTH
  if (addedTokens.reduce((sum, { content }) => sum + content.length, 0) > LONGEST_ADDED_TOKENS) {
    throw new InvalidTokenizerError(folder, `its added tokens have more than ${LONGEST_ADDED_TOKENS} characters.`)
  }
  return {
    vocab,
    merges,
    addedTokens,
    bosToken: tokenOf('bos_token', '<|startoftext|>'),
    eosToken: tokenOf('eos_token', '<|endoftext|>'),
    unkToken: tokenOf('unk_token', '<|endoftext|>'),
    padToken: tokenOf('pad_token', '<|endoftext|>'),
    modelMaxLength: length > LARGEST_REAL_LENGTH ? CLIP_MAX_LENGTH : length,
  }
}

/** The settings of a token of which a folder states nothing but its text. */
const ADDED_TOKEN = { normalized: true, special: false, lstrip: false, rstrip: false }

function addedTokensOf(ids: Readonly<Record<string, number>>): AddedToken[] {
  return Object.entries(ids).map(([content, id]) => ({ ...ADDED_TOKEN, content, id }))
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

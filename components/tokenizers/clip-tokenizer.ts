/** Turns prompts into token ids for CLIP text models. Counterpart: transformers/models/clip/tokenization_clip.py */

import { join } from 'node:path'
import { FolderChangedError } from '../../src/errors/folder-changed-error'
import { readUnchanged } from '../../src/files/folder-stamp'
import { pathOf } from '../../src/files/path-of'
import { resolveRepository } from '../../src/hub/repository-resolver'
import type {
  FromPretrainedOptions,
  FromSingleFileOptions,
  SavableComponent,
  SavePretrainedOptions,
} from '../../src/params/component-class'
import { runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import { openModelFile, requirePart } from '../single-file/component-config'
import type { PromptVocabulary } from '../vocabulary/prompt-vocabulary'
import { readVocabularyIfSound, VOCABULARY_FILE } from '../vocabulary/vocabulary-files'
import { plainToken } from './added-token'
import { AddedTokenSplitter } from './added-token-splitter'
import { tokenizerLoop } from './bpe-tables'
import { readBundledCLIPTokenizer } from './bundled-clip-tokenizer'
import { canReadCLIP } from './clip-tokenizer-class'
import { CLIP_TOKENIZER_FILES, type CLIPTokenizerFiles, readCLIPTokenizerFiles } from './clip-tokenizer-files'
import { isReplacedTokenizerFile, writeCLIPTokenizerFiles } from './clip-tokenizer-saving'
import { InvalidMaxLengthError } from './invalid-max-length-error'
import { InvalidTokenizerError } from './invalid-tokenizer-error'
import type { LibraryTokenizer } from './library-tokenizer'
import { withMoreTokens } from './more-tokens'
import { textPieces } from './text-pieces'
import type { Side } from './tokenizer-settings'
import { tokensOfText } from './tokens-of-text'

/** How {@link CLIPTokenizer.encode} shapes its rows. */
export interface EncodeOptions {
  /** Fill rows to `maxLength`, to the longest of this call, or not at all (the default). */
  padding?: 'max_length' | 'longest' | 'do_not_pad'
  /** Tokens of a row, start and end token included. Default: the tokenizer's `modelMaxLength`. */
  maxLength?: number
  /** Cut rows that are longer than `maxLength`; the end token stays. Default: `false`. */
  truncation?: boolean
  /** Put the start token before and the end token after each text. Default: `true`. */
  addSpecialTokens?: boolean
}

/** Token ids, one row for each text. */
export interface EncodedText {
  /** Rows of token ids. */
  inputIds: number[][]
  /** 1 for each token, 0 for each filler; shaped as `inputIds`. */
  attentionMask: number[][]
  /** For each text the part that truncation removed, decoded: its first 200 tokens. Empty if the row holds the whole text. */
  truncated: string[]
}

/** Tokens of a truncated part that are decoded. What comes after them is not read: a prompt of a megabyte takes seconds. */
const MOST_DECODED = 200

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python's strip(), unlike Unicode, takes ASCII's four separators for white space.
const OUTER_SPACE = /^[\p{White_Space}\x1c-\x1f]+|[\p{White_Space}\x1c-\x1f]+$/gu

/**
 * Byte-level BPE in lower case, as CLIP was trained with. No text is refused: signs without a token of their own are spelled
 * in bytes.
 */
export class CLIPTokenizer implements SavableComponent {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'CLIPTokenizer'

  /** Longest sequence that the text model takes, start and end token included (77 for published models). */
  readonly modelMaxLength: number
  /** Id of the token at the start. */
  readonly bosTokenId: number
  /** Id of the token at the end. */
  readonly eosTokenId: number
  /** Id of the token for what is not in the vocabulary. */
  readonly unkTokenId: number
  /** The filler: the end token in Stable Diffusion 1, `!` in Stable Diffusion 2 and in SDXL's second tokenizer. */
  readonly padTokenId: number
  /** Added tokens by their text, such as the names of learned concepts, with their ids. */
  readonly addedTokensEncoder: ReadonlyMap<string, number>
  private readonly specialIds: ReadonlySet<number>
  /** Where {@link encode} puts filler. */
  readonly paddingSide: Side
  /** Where {@link encode} cuts rows that are too long. */
  readonly truncationSide: Side
  private readonly hasTokensWithSpaces: boolean
  private readonly splitter: AddedTokenSplitter

  constructor(
    private readonly files: CLIPTokenizerFiles,
    /** The words and sizes that the model was trained on, if `vocabulary.json` lists them. */
    readonly vocabulary?: PromptVocabulary,
    private readonly tokenizer: LibraryTokenizer = runAtOnce(tokenizerLoop(files)),
  ) {
    this.modelMaxLength = files.modelMaxLength
    this.bosTokenId = files.bosToken.id
    this.eosTokenId = files.eosToken.id
    this.unkTokenId = files.unkToken.id
    this.padTokenId = files.padToken.id
    this.addedTokensEncoder = new Map(files.addedTokens.map(({ content, id }) => [content, id]))
    this.paddingSide = files.paddingSide
    this.truncationSide = files.truncationSide
    this.splitter = new AddedTokenSplitter(files.addedTokens, {
      splitSpecialTokens: files.splitSpecialTokens,
      normalize: text => tokenizer.normalizer?.(text) ?? text,
    })
    this.hasTokensWithSpaces = files.addedTokens.some(({ content }) => /\s/.test(content))
    this.specialIds = new Set(files.addedTokens.filter(token => token.special).map(token => token.id))
  }

  /**
   * Reads a tokenizer from a folder with `tokenizer.json`, or `vocab.json` and `merges.txt`; `tokenizer_config.json` and
   * `special_tokens_map.json` are read if they exist.
   *
   * @throws MissingFileError when the folder or the vocabulary is not there.
   * @throws InvalidTokenizerError when a file is malformed, or the folder holds a tokenizer of another class.
   * @throws FolderChangedError when somebody saves to the folder again and again.
   */
  static async fromPretrained(path: string | URL, options: FromPretrainedOptions = {}): Promise<CLIPTokenizer> {
    const { subfolder, className, signal } = options
    const top = await resolveRepository(path, { subfolder, files: [...CLIP_TOKENIZER_FILES, VOCABULARY_FILE] }, options)
    const folder = subfolder === undefined ? top : join(top, subfolder)
    if (className !== undefined && !canReadCLIP(className)) {
      throw new InvalidTokenizerError(
        folder,
        `the model's index names a ${className}, which CLIPTokenizer cannot replace.`,
      )
    }
    const read = async () => ({
      files: await readCLIPTokenizerFiles(folder, { signal, className }),
      vocabulary: await readVocabularyIfSound(folder),
    })
    const { result, isUnchanged } = await readUnchanged([folder], read, () => undefined)
    if (!isUnchanged) throw new FolderChangedError(folder)
    const { files, vocabulary } = result
    return CLIPTokenizer.make(folder, files, vocabulary, signal)
  }

  /**
   * The tokenizer for the text encoders of a single file, which holds none: CLIP's published one, which comes with this package.
   *
   * @param options `subfolder` is `tokenizer` (the default) or `tokenizer_2`; `config` names a folder or repository whose tokenizer is taken instead
   * @throws SingleFileError for a file without text encoders; BundledModelError; what {@link fromPretrained} throws
   */
  static async fromSingleFile(path: string | URL, options: FromSingleFileOptions = {}): Promise<CLIPTokenizer> {
    const { config, predictionType: _, extractEma: __, subfolder = 'tokenizer', ...others } = options
    if (typeof config === 'string' || config instanceof URL) {
      return CLIPTokenizer.fromPretrained(config, { ...others, subfolder })
    }
    const model = await openModelFile(path, options)
    const part = requirePart(model, subfolder === 'tokenizer_2' ? 'text_encoder_2' : 'text_encoder')
    const padToken = part.layout === 'open-clip' ? '!' : '<|endoftext|>'
    const files = await readBundledCLIPTokenizer(padToken, options.signal)
    return CLIPTokenizer.make(model.single.file, files, undefined, options.signal)
  }

  private static async make(
    source: string,
    files: CLIPTokenizerFiles,
    vocabulary: PromptVocabulary | undefined,
    signal: AbortSignal | undefined,
  ): Promise<CLIPTokenizer> {
    try {
      const tokenizer = new CLIPTokenizer(files, vocabulary, await runInSlices(tokenizerLoop(files), signal))
      // The library compiles its patterns with the first text.
      tokenizer.encode('a')
      return tokenizer
    } catch (cause) {
      signal?.throwIfAborted()
      throw new InvalidTokenizerError(
        source,
        `no tokenizer can be created from it: ${(cause as Error).message}.`,
        cause,
      )
    }
  }

  /**
   * Writes the tokenizer into a folder, as a whole or not at all: `vocab.json`, `merges.txt`, `tokenizer_config.json` and `special_tokens_map.json`.
   *
   * @throws UnwritableFileError; the reason of `options.signal`
   */
  savePretrained(folder: string | URL, { signal }: SavePretrainedOptions = {}): Promise<void> {
    return writeCLIPTokenizerFiles(pathOf(folder, 'folder'), this.files, { vocabulary: this.vocabulary, signal })
  }

  replacesFile(file: string): boolean {
    return isReplacedTokenizerFile(file)
  }

  /**
   * Encodes one text or several.
   *
   * @throws InvalidMaxLengthError when `maxLength` has no room for the special tokens.
   */
  encode(texts: string | readonly string[], options: EncodeOptions = {}): EncodedText {
    return runAtOnce(this.encodeLoop(texts, options))
  }

  /**
   * Encodes as {@link encode} does, in slices between which the event loop runs. Use it in blocks: thousands of prompts take seconds.
   *
   * @throws InvalidMaxLengthError as there; the reason of `options.signal`
   */
  async encodeAsync(
    texts: string | readonly string[],
    { signal, ...options }: EncodeOptions & { signal?: AbortSignal | undefined } = {},
  ): Promise<EncodedText> {
    signal?.throwIfAborted()
    return runInSlices(this.encodeLoop(texts, options), signal)
  }

  private *encodeLoop(
    texts: string | readonly string[],
    {
      padding = 'do_not_pad',
      maxLength = this.modelMaxLength,
      truncation = false,
      addSpecialTokens = true,
    }: EncodeOptions,
  ): Generator<void, EncodedText, void> {
    const specials = addSpecialTokens ? 2 : 0
    if (!Number.isInteger(maxLength) || maxLength < specials) throw new InvalidMaxLengthError(maxLength, specials)

    const rows: number[][] = []
    const truncated: string[] = []
    const most = maxLength - specials
    for (const text of typeof texts === 'string' ? [texts] : texts) {
      const fromEnd = this.truncationSide === 'left'
      const ids = yield* this.idsOf(text, truncation && !fromEnd ? most + MOST_DECODED : undefined)
      const cut = truncation ? Math.max(0, ids.length - most) : 0
      const kept = fromEnd ? ids.slice(cut) : ids.slice(0, ids.length - cut)
      rows.push(addSpecialTokens ? [this.bosTokenId, ...kept, this.eosTokenId] : kept)
      const removed = fromEnd ? ids.slice(Math.max(0, cut - MOST_DECODED), cut) : ids.slice(kept.length)
      truncated.push(this.decode(removed.slice(0, MOST_DECODED)))
      yield
    }
    const longest = rows.reduce((most, row) => Math.max(most, row.length), 0)
    const width = { max_length: maxLength, longest, do_not_pad: 0 }[padding]
    return {
      inputIds: rows.map(row => this.pad(row, width, this.padTokenId)),
      attentionMask: rows.map(row => this.pad(filler(row.length, 1), width, 0)),
      truncated,
    }
  }

  /**
   * Encodes the whole of a text of any length, as rows of `maxLength` that a text model reads one after the other. Each
   * begins with the start token, holds `maxLength - 2` tokens of the text and ends with the end token. The last is
   * filled up.
   * An empty text gives one row.
   *
   * @throws InvalidMaxLengthError when `maxLength` has no room for the special tokens and one more.
   */
  encodeChunks(text: string, { maxLength = this.modelMaxLength }: { maxLength?: number } = {}): number[][] {
    if (!Number.isInteger(maxLength) || maxLength < 3) throw new InvalidMaxLengthError(maxLength, 3)
    const ids = runAtOnce(this.idsOf(text))
    const rows: number[][] = []
    do {
      const row = [this.bosTokenId, ...ids.splice(0, maxLength - 2), this.eosTokenId]
      rows.push(this.pad(row, maxLength, this.padTokenId))
    } while (ids.length > 0)
    return rows
  }

  /**
   * The text of token ids, in lower case and with a space after each word. Ids that the vocabulary lacks are left out, and
   * with `skipSpecialTokens` so are the start, end and filler tokens.
   */
  decode(ids: readonly number[], { skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {}): string {
    const known = ids.filter(
      id => this.tokenizer.id_to_token(id) !== undefined && !(skipSpecialTokens && this.specialIds.has(id)),
    )
    if (known.length === 0) return ''
    // The library would undo spaces before punctuation, and strip U+FEFF like a space; the reference does neither.
    return this.tokenizer.decode(known, { clean_up_tokenization_spaces: false }).replace(OUTER_SPACE, '')
  }

  /** The tokens of a text as the vocabulary spells them, e.g. `['red</w>', 'apple</w>']`; by default without special tokens. */
  tokenize(text: string, { addSpecialTokens = false }: { addSpecialTokens?: boolean } = {}): string[] {
    const tokens = [...this.splitter.split(text)].flatMap(part =>
      typeof part === 'string' ? runAtOnce(this.tokensOf(part)) : [part.content],
    )
    if (!addSpecialTokens) return tokens
    return [this.files.bosToken.content, ...tokens, this.files.eosToken.content]
  }

  /** Whether a token is in the vocabulary or was added, spelled exactly so. */
  hasToken(token: string): boolean {
    return Object.hasOwn(this.files.vocab, token) || this.addedTokensEncoder.has(token)
  }

  /** One more than the largest id of a token. */
  get endOfIds(): number {
    let largest = -1
    for (const id of Object.values(this.files.vocab)) largest = Math.max(largest, id)
    for (const id of this.addedTokensEncoder.values()) largest = Math.max(largest, id)
    return largest + 1
  }

  /**
   * Returns a tokenizer that finds more tokens in a text, before it cuts the rest into pieces. It shares the tables of this one, which stays as it is.
   *
   * @param ids - the tokens, which this one does not know, with ids that are free
   */
  withTokens(ids: ReadonlyMap<string, number>): CLIPTokenizer {
    const more = [...ids].map(([content, id]) => ({ ...plainToken(content, false), id }))
    const files = { ...this.files, addedTokens: [...this.files.addedTokens, ...more] }
    return new CLIPTokenizer(files, this.vocabulary, withMoreTokens(this.tokenizer, ids))
  }

  /** The tokens whose ids are `count` or more: those for which a text encoder of `count` embeddings has none. */
  tokensFrom(count: number): { token: string; id: number }[] {
    const found = new Map<string, number>()
    const { vocab } = this.files
    for (const token of Object.keys(vocab))
      if ((vocab[token] as number) >= count) found.set(token, vocab[token] as number)
    for (const [token, id] of this.addedTokensEncoder) {
      if (id >= count) found.set(token, id)
      else found.delete(token)
    }
    return [...found].map(([token, id]) => ({ token, id }))
  }

  /** The ids of a text without special tokens; stops once there are `most`. */
  private *idsOf(text: string, most?: number): Generator<void, number[], void> {
    const ids: number[] = []
    for (const piece of textPieces(text, {
      hasTokensWithSpaces: this.hasTokensWithSpaces,
      isTruncated: most !== undefined,
    })) {
      for (const part of this.splitter.split(piece)) {
        if (typeof part !== 'string') ids.push(part.id)
        else {
          for (const token of yield* this.tokensOf(part)) ids.push(this.tokenizer.token_to_id(token) ?? this.unkTokenId)
        }
      }
      if (most !== undefined && ids.length >= most) break
      yield
    }
    return ids
  }

  /** The pieces of a normalized text without added tokens, as the vocabulary spells them. */
  private tokensOf(text: string): Generator<void, string[], void> {
    return tokensOfText(text, this.tokenizer, this.files.unkToken.content)
  }

  private pad(row: readonly number[], width: number, value: number): number[] {
    const fillers = filler(width - row.length, value)
    return this.paddingSide === 'left' ? [...fillers, ...row] : [...row, ...fillers]
  }
}

function filler(count: number, value: number): number[] {
  return new Array<number>(Math.max(0, count)).fill(value)
}

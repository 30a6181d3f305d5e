/** CLIP's published vocabulary, which comes with this package: for models whose file holds no tokenizer. */
import { brotliDecompressSync } from 'node:zlib'
import { readFileBytes } from '../../src/files/read-file'
import { VOCABULARY } from '../../src/format/text-limits'
import { bundledFile } from '../../src/hub/bundled-model'
import { runInSlices } from '../../src/runtime/time-slice'
import type { CLIPTokenizerFiles } from './clip-tokenizer-files'
import { collectAddedTokens } from './collect-added-tokens'
import { tokenizerSettingsSchema } from './tokenizer-settings'
import { mergesTextLoop } from './vocabulary-tables'

/** How the vocabulary ends that all merges make. */
const SPECIAL_TOKENS = ['<|startoftext|>', '<|endoftext|>']
const END_OF_WORD = '</w>'
const CLIP_MAX_LENGTH = 77

/**
 * Reads the vocabulary.
 *
 * @param padToken the filler: `<|endoftext|>`, or `!` in models with OpenCLIP's text encoders
 * @throws BundledModelError if the files of the package are not beside its code
 */
export async function readBundledCLIPTokenizer(
  padToken: '<|endoftext|>' | '!',
  signal?: AbortSignal,
): Promise<CLIPTokenizerFiles> {
  const file = bundledFile('clip-tokenizer', 'merges.txt.br')
  const text = brotliDecompressSync(await readFileBytes(file, VOCABULARY.bytes), { maxOutputLength: VOCABULARY.bytes })
  const merges = await runInSlices(mergesTextLoop(file, text.toString('utf8')), signal)
  const vocab = vocabularyOf(merges)
  const settings = tokenizerSettingsSchema.parse({ pad_token: padToken })
  const stated = { settings, map: undefined, vocab, addedIds: undefined, ofTokenizerJson: undefined }
  return {
    vocab,
    merges,
    ...collectAddedTokens(file, stated),
    modelMaxLength: CLIP_MAX_LENGTH,
    paddingSide: 'right',
    truncationSide: 'right',
    splitSpecialTokens: false,
  }
}

/** All tokens: the bytes, the bytes that end a word, what the merges make, and the special ones. */
function vocabularyOf(merges: readonly (readonly [string, string])[]): Record<string, number> {
  const bytes = byteLetters()
  const tokens = [
    ...bytes,
    ...bytes.map(letter => letter + END_OF_WORD),
    ...merges.map(([left, right]) => left + right),
    ...SPECIAL_TOKENS,
  ]
  return Object.fromEntries(tokens.map((token, id) => [token, id]))
}

/** The letter that stands for each byte: itself where it can be seen, otherwise one beyond the first 256. Seen ones come first. */
function byteLetters(): string[] {
  const isSeen = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad)
  const all = Array.from({ length: 256 }, (_, byte) => byte)
  const seen = all.filter(isSeen)
  const others = all.filter(byte => !isSeen(byte)).map((_, i) => 256 + i)
  return [...seen, ...others].map(code => String.fromCodePoint(code))
}

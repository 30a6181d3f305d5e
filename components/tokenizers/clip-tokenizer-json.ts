/** CLIP's way from text to pieces, in the words of a `tokenizer.json`. Counterpart: transformers/models/clip/tokenization_clip.py */
import type { CLIPTokenizerFiles } from './clip-tokenizer-files'

/** What is a piece: a special token, an English ending, a run of letters, one digit, or a run of other characters. */
export const CLIP_PIECE = String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`

/** GPT-2's pieces, which the byte-level step cuts once more. */
const GPT2_PIECE = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

/**
 * A CLIP tokenizer as a `tokenizer.json` would hold it. As in PyTorch's counterpart it is made again from the vocabulary, so
 * that folders with and without such a file read a text alike. Two steps differ from a published file, to hold the library
 * that runs them (@huggingface/tokenizers) to the reference's results; each says why. Added tokens are found by
 * {@link AddedTokenSplitter}: the library reads them only to decode.
 */
export function clipTokenizerJson({
  vocab,
  merges,
  addedTokens,
  bosToken,
  eosToken,
  unkToken,
}: CLIPTokenizerFiles): object {
  return {
    version: '1.0',
    added_tokens: addedTokens,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: String.raw`\s+` }, content: ' ' },
        // JavaScript lower-cases a sigma at the end of a word to "ς"; the reference looks at single characters.
        { type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: CLIP_PIECE }, behavior: 'Removed', invert: true },
        // ByteLevel does this itself (use_regex), but with JavaScript's \s, which holds U+FEFF; here \s is Unicode's.
        { type: 'Split', pattern: { Regex: GPT2_PIECE }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [eosToken.content, eosToken.id],
      cls: [bosToken.content, bosToken.id],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: unkToken.content,
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
    },
  }
}

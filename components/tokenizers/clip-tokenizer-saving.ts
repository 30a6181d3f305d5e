/** Writes a CLIP tokenizer's folder. Counterpart: transformers tokenization_utils_base.py (save_pretrained) */
import { join } from 'node:path'
import { writeFileAtomically } from '../../src/files/write-file-atomically'
import { writeFolderAtomically } from '../../src/files/write-folder-atomically'
import { writeJson } from '../configs/write-config'
import type { PromptVocabulary } from '../vocabulary/prompt-vocabulary'
import { VOCABULARY_FILE, writeVocabulary } from '../vocabulary/vocabulary-files'
import { tokenFlags } from './added-token'
import type { CLIPTokenizerFiles } from './clip-tokenizer-files'

/** Files of an earlier save that would be read in place of those that are written, or belong to another model. */
const REPLACED = new Set(['tokenizer.json', 'added_tokens.json', VOCABULARY_FILE])

/** Whether a file of an earlier save must not stay beside the new ones. */
export function isReplacedTokenizerFile(file: string): boolean {
  return REPLACED.has(file)
}

/**
 * Writes the four files of a tokenizer, as a whole or not at all. They say all that is read from them twice, for old and new readers: the added
 * tokens are in `tokenizer_config.json`, and those with a role in `special_tokens_map.json` too.
 *
 * @throws UnwritableFileError; the reason of `signal`
 */
export async function writeCLIPTokenizerFiles(
  folder: string,
  files: CLIPTokenizerFiles,
  { vocabulary, signal }: { vocabulary?: PromptVocabulary | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  signal?.throwIfAborted()
  const { vocab, merges, addedTokens, bosToken, eosToken, unkToken, padToken, modelMaxLength } = files
  const { paddingSide, truncationSide, splitSpecialTokens } = files
  const roles = { bos_token: bosToken, eos_token: eosToken, unk_token: unkToken, pad_token: padToken }
  const settings = {
    ...mapValues(roles, token => token.content),
    added_tokens_decoder: Object.fromEntries(addedTokens.map(token => [token.id, tokenFlags(token)])),
    clean_up_tokenization_spaces: true,
    do_lower_case: true,
    errors: 'replace',
    model_max_length: modelMaxLength,
    padding_side: paddingSide,
    split_special_tokens: splitSpecialTokens,
    tokenizer_class: 'CLIPTokenizer',
    truncation_side: truncationSide,
  }
  await writeFolderAtomically(
    folder,
    async staging => {
      const byId = Object.fromEntries(Object.entries(vocab).sort(([, a], [, b]) => a - b))
      await writeFileAtomically(join(staging, 'vocab.json'), [Buffer.from(JSON.stringify(byId))])
      const lines = merges.map(pair => pair.join(' '))
      await writeFileAtomically(join(staging, 'merges.txt'), [Buffer.from(['#version: 0.2', ...lines, ''].join('\n'))])
      await writeJson(join(staging, 'special_tokens_map.json'), mapValues(roles, tokenFlags))
      await writeJson(join(staging, 'tokenizer_config.json'), settings)
      if (vocabulary) await writeVocabulary(staging, vocabulary)
      signal?.throwIfAborted()
    },
    { markers: ['tokenizer_config.json', 'tokenizer.json', 'vocab.json'], replaces: isReplacedTokenizerFile },
  )
}

function mapValues<V, R>(map: Readonly<Record<string, V>>, change: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))
}

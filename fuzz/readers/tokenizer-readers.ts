/** The readers of tokenizers, and of the vocabulary beside them. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { readVocabulary } from '../../components/vocabulary/vocabulary-files'
import { CLIPTokenizer } from '../../index'
import { anyValue, jsonFile, mostly, pointerFile, spoiled } from '../inputs'
import { type Reader, reader, write } from '../reader'

const ADDED = { content: 'x', normalized: true, special: false, lstrip: false, rstrip: false }
const added = fc.oneof(spoiled(ADDED), anyValue)
const addedId = fc.oneof(
  fc.nat(12).map(String),
  fc.constantFrom('-1', '1e3', '00', '99999999999999999999', '__proto__'),
  fc.string(),
)
const VOCAB = { '<|startoftext|>': 0, '<|endoftext|>': 1, a: 2, 'a</w>': 3, 'b</w>': 4, 'ab</w>': 5, '!': 6 }
const MERGES = '#version: 0.2\na b</w>\n'
const merges = mostly(
  MERGES,
  fc.array(fc.string(), { maxLength: 4 }).map(lines => lines.join('\n')),
)
const TOKENIZER_SETTINGS = {
  bos_token: '<|startoftext|>',
  eos_token: { ...ADDED, content: '<|endoftext|>' },
  unk_token: '<|endoftext|>',
  pad_token: '<|endoftext|>',
  model_max_length: 77,
  tokenizer_class: 'CLIPTokenizer',
}
const ROLES = { ...TOKENIZER_SETTINGS, pad_token: '!', additional_special_tokens: ['x'] }
/** Settings that list their added tokens. */
const listing = fc
  .tuple(mostly(TOKENIZER_SETTINGS, spoiled(TOKENIZER_SETTINGS)), fc.dictionary(addedId, added, { maxKeys: 3 }))
  .map(([right, tokens]) => ({ ...right, added_tokens_decoder: tokens }))
const addedFile = fc.oneof(
  spoiled({ x: 9, '<y>': 10 }),
  fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(fc.nat(20), anyValue), { maxKeys: 5 }),
)
const FAST = {
  added_tokens: [{ ...ADDED, id: 9 }],
  model: { type: 'BPE', end_of_word_suffix: '</w>', vocab: VOCAB, merges: [['a', 'b</w>']] },
}
const fast = fc.oneof(
  spoiled(FAST),
  spoiled(FAST.model).map(model => ({ ...FAST, model })),
  fc.array(spoiled({ ...ADDED, id: 9 }), { maxLength: 3 }).map(tokens => ({ ...FAST, added_tokens: tokens })),
)

const file = (right: unknown, spoiledFile: fc.Arbitrary<unknown>) =>
  mostly(JSON.stringify(right), jsonFile(spoiledFile))
const tokenizerFiles = fc.record(
  {
    'vocab.json': file(VOCAB, spoiled(VOCAB)),
    'merges.txt': merges,
    'tokenizer_config.json': file(TOKENIZER_SETTINGS, fc.oneof(spoiled(TOKENIZER_SETTINGS), listing)),
    'special_tokens_map.json': file(ROLES, spoiled(ROLES)),
    'added_tokens.json': file({ x: 9 }, addedFile),
    'tokenizer.json': fc.oneof(file(FAST, fast), pointerFile),
  },
  { requiredKeys: ['vocab.json', 'merges.txt'] },
)

const words = fc.oneof(fc.constantFrom('a', 'a b', 'A', ' a ', '\u00e9', 'a'.repeat(300)), fc.string(), anyValue)
const vocabularyJson = fc
  .tuple(
    spoiled({
      names: ['red apple', 'dog'],
      modifiers: [{ words: ['red', 'blue'], names: ['dog'] }],
      ignored: ['a', 'the'],
      aliases: { puppy: 'dog' },
      max_names: 1,
      sizes: [
        [32, 32],
        [64, 32],
      ],
    }),
    fc.record(
      {
        names: fc.array(words, { maxLength: 4 }),
        modifiers: fc.array(spoiled({ words: ['red'], names: ['dog'] }), { maxLength: 3 }),
        ignored: fc.array(words, { maxLength: 3 }),
        aliases: fc.dictionary(fc.string(), words, { maxKeys: 3 }),
        sizes: fc.array(fc.oneof(fc.tuple(fc.nat(64), fc.nat(64)), anyValue), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
    fc.boolean(),
  )
  .map(([right, parts, isMixed]) => (isMixed ? { ...right, ...parts } : right))

/** Read tokenizers and vocabularies. */
export const tokenizerReaders: readonly Reader<unknown>[] = [
  reader('tokenizer', fc.tuple(tokenizerFiles, fc.string()), async ([files, text], folder) => {
    const place = join(folder, 'tokenizer')
    rmSync(place, { recursive: true, force: true })
    const tokenizer = await CLIPTokenizer.fromPretrained(write(place, files))
    tokenizer.decode(tokenizer.encode(text, { padding: 'longest', truncation: true }).inputIds[0] ?? [])
  }),
  reader('vocabulary', fc.tuple(jsonFile(vocabularyJson), fc.string()), async ([json, prompt], folder) => {
    const vocabulary = await readVocabulary(write(folder, { 'vocabulary.json': json }))
    vocabulary?.check(prompt)
    vocabulary?.check('a red aple and a puppy')
  }),
]

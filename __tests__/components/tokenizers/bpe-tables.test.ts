/** The library's tokenizer, made in pieces. */
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { tokenizerLoop } from '../../../components/tokenizers/bpe-tables'
import { readCLIPTokenizerFiles } from '../../../components/tokenizers/clip-tokenizer-files'
import { clipTokenizerJson } from '../../../components/tokenizers/clip-tokenizer-json'
import { runAtOnce } from '../../../src/runtime/time-slice'

const emojiTokenizer = join(__dirname, '../../../models/emoji/tokenizer')

/** The tables of a tokenizer, without what it was made from. */
function tablesOf({ model }: Tokenizer): Record<string, unknown> {
  const { config, ...tables } = model as unknown as Record<string, unknown>
  return tables
}

test("makes the tables that the library's constructor makes", async () => {
  const files = await readCLIPTokenizerFiles(emojiTokenizer)
  // Added tokens with ids of their own, and with those of others.
  const added = { normalized: false, special: false, lstrip: false, rstrip: false, singleWord: false }
  const size = Object.keys(files.vocab).length
  files.addedTokens.push({ ...added, content: '<toy>', id: size + 3 }, { ...added, content: 'a</w>', id: 7 })
  const whole = new Tokenizer(clipTokenizerJson(files), {})
  const inPieces = runAtOnce(tokenizerLoop(files)) as Tokenizer
  expect(tablesOf(inPieces)).toEqual(tablesOf(whole))
  for (const text of ['a red apple', 'toy apple', 'Zürich 🍎'])
    expect(inPieces.encode(text).ids).toEqual(whole.encode(text).ids)
})

test('pauses while it fills large tables', async () => {
  const files = await readCLIPTokenizerFiles(emojiTokenizer)
  const vocab = {
    ...files.vocab,
    ...Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`x${i}`, 50_000 + i])),
  }
  expect([...tokenizerLoop({ ...files, vocab })].length).toBeGreaterThan(20)
})

/** The `tokenizer` area: strings with their ids. */
import { join } from 'node:path'
import { CLIPTokenizer } from '../../../components/tokenizers/clip-tokenizer'
import { expectClose, expectEqual } from '../compare'
import type { GoldenCase } from '../golden-case'

interface RecordedString {
  text: string
  ids: number[]
  length_in_77: number
  decoded: string
  /** Not recorded for very long strings. */
  tokens?: string[] | null
}

/** Checks one case. */
export async function checkTokenizerCase(golden: GoldenCase): Promise<void> {
  const { json, folder } = golden
  if (typeof json.vocabulary === 'string') {
    // The folder of another case of the same set: two levels up is the set's own folder.
    return checkChunks(golden, await CLIPTokenizer.fromPretrained(join(folder, '..', '..', json.vocabulary)))
  }
  const tokenizer = await CLIPTokenizer.fromPretrained(folder)
  const strings = json.strings as RecordedString[]
  for (const [name, got] of [
    ['bos_token_id', tokenizer.bosTokenId],
    ['eos_token_id', tokenizer.eosTokenId],
    ['pad_token_id', tokenizer.padTokenId],
  ] as const) {
    expectEqual(name, got, json[name])
  }
  for (const [i, { text, ids, decoded, tokens }] of strings.entries()) {
    const where = `strings[${i}] ${JSON.stringify(text)}`
    expectEqual(`${where} ids`, tokenizer.encode(text).inputIds[0], ids)
    expectEqual(`${where} decoded`, tokenizer.decode(ids, { skipSpecialTokens: true }), decoded)
    if (tokens) expectEqual(`${where} tokens`, tokenizer.tokenize(text, { addSpecialTokens: true }), tokens)
  }
  await checkRows(golden, tokenizer, strings)
}

async function checkRows(
  golden: GoldenCase,
  tokenizer: CLIPTokenizer,
  strings: readonly RecordedString[],
): Promise<void> {
  const variants = {
    '': { padding: 'max_length', maxLength: 77, truncation: true },
    _16: { padding: 'max_length', maxLength: 16, truncation: true },
    _longest: { padding: 'longest' },
  } as const
  for (const [suffix, options] of Object.entries(variants)) {
    const expected = await golden.tensor(`input_ids${suffix}`)
    const rows = expected.shape[0] as number
    const texts = strings.slice(0, rows).map(string => string.text)
    const { inputIds, attentionMask } = tokenizer.encode(texts, options)
    const exact = { atol: 0, rtol: 0 }
    const plain = (values: number[][]) => ({ shape: [values.length, values[0]?.length ?? 0], values: values.flat() })
    expectClose(`input_ids${suffix}`, plain(inputIds), expected, exact)
    expectClose(`attention_mask${suffix}`, plain(attentionMask), await golden.tensor(`attention_mask${suffix}`), exact)
  }
}

async function checkChunks(golden: GoldenCase, tokenizer: CLIPTokenizer): Promise<void> {
  const text = golden.json.text as string
  expectEqual('ids', tokenizer.encode(text, { addSpecialTokens: false }).inputIds[0], golden.json.ids)
  const chunks = tokenizer.encodeChunks(text)
  const expected = await golden.tensor('chunks')
  const got = { shape: [chunks.length, chunks[0]?.length ?? 0], values: chunks.flat() }
  expectClose('chunks', got, expected, { atol: 0, rtol: 0 })
}

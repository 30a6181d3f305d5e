/** CLIPTokenizer against the reference's ids, and what it does with folders that it cannot use. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { InvalidConfigError } from '../../../components/configs/invalid-config-error'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { CLIPTokenizer } from '../../../components/tokenizers/clip-tokenizer'
import { InvalidMaxLengthError } from '../../../components/tokenizers/invalid-max-length-error'
import { InvalidTokenizerError } from '../../../components/tokenizers/invalid-tokenizer-error'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'

const GOLDENS = join(__dirname, '../../goldens/tokenizer')

interface GoldenCase {
  strings: { text: string; ids: number[]; length_in_77: number; decoded: string; tokens: string[] | null }[]
  bos_token_id: number
  eos_token_id: number
  pad_token_id: number
}

async function readJson<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(join(GOLDENS, ...path), 'utf8'))
}

/** Rows of an int64 tensor in a safetensors file. */
async function readRows(name: string, tensor: string): Promise<number[][]> {
  const file = await readFile(join(GOLDENS, name, 'io.safetensors'))
  const headerEnd = 8 + Number(file.readBigUInt64LE(0))
  const { shape, data_offsets } = JSON.parse(file.toString('utf8', 8, headerEnd))[tensor]
  const at = (row: number, column: number) =>
    Number(file.readBigInt64LE(headerEnd + data_offsets[0] + 8 * (row * shape[1] + column)))
  return Array.from({ length: shape[0] }, (_, row) => Array.from({ length: shape[1] }, (_, column) => at(row, column)))
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'a tokenizer '))
})
afterEach(() => rm(folder, { recursive: true }))

/** Copies a golden's vocabulary, with other files beside it. */
async function makeFolder(files: Record<string, unknown> = {}, copies = ['vocab.json', 'merges.txt']): Promise<void> {
  for (const name of copies) await copyFile(join(GOLDENS, 'small_bpe', name), join(folder, name))
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
}

describe.each(['clip', 'small_bpe'])('CLIPTokenizer with the vocabulary %s', name => {
  let golden: GoldenCase
  let texts: string[]
  let tokenizer: CLIPTokenizer

  beforeAll(async () => {
    golden = await readJson<GoldenCase>(name, 'case.json')
    texts = golden.strings.map(({ text }) => text)
    tokenizer = await CLIPTokenizer.fromPretrained(join(GOLDENS, name), { className: 'CLIPTokenizer' })
  })

  test('gives the reference ids, tokens and decoded text of each string', () => {
    for (const { text, ids, tokens, decoded } of golden.strings) {
      expect({ text, ids: tokenizer.encode(text).inputIds }).toEqual({ text, ids: [ids] })
      if (tokens) expect(tokenizer.tokenize(text, { addSpecialTokens: true })).toEqual(tokens)
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(decoded)
    }
  })

  test('pads and cuts to 77 tokens as the reference does', async () => {
    const { inputIds, attentionMask } = tokenizer.encode(texts, { padding: 'max_length', truncation: true })
    expect(inputIds).toEqual(await readRows(name, 'input_ids'))
    expect(attentionMask).toEqual(await readRows(name, 'attention_mask'))
    expect(attentionMask.map(row => row.reduce((sum, value) => sum + value, 0))).toEqual(
      golden.strings.map(({ length_in_77 }) => length_in_77),
    )
  })

  test('pads and cuts to another length', async () => {
    const options = { padding: 'max_length', truncation: true, maxLength: 16 } as const
    const { inputIds, attentionMask } = tokenizer.encode(texts.slice(0, 20), options)
    expect(inputIds).toEqual(await readRows(name, 'input_ids_16'))
    expect(attentionMask).toEqual(await readRows(name, 'attention_mask_16'))
  })

  test('pads to the longest of the call', async () => {
    const { inputIds, attentionMask } = tokenizer.encode(texts.slice(0, 12), { padding: 'longest' })
    expect(inputIds).toEqual(await readRows(name, 'input_ids_longest'))
    expect(attentionMask).toEqual(await readRows(name, 'attention_mask_longest'))
  })

  test('knows its special tokens and its length', () => {
    expect(tokenizer.modelMaxLength).toBe(77)
    expect(tokenizer.bosTokenId).toBe(golden.bos_token_id)
    expect(tokenizer.eosTokenId).toBe(golden.eos_token_id)
    expect(tokenizer.unkTokenId).toBe(golden.eos_token_id)
    expect(tokenizer.padTokenId).toBe(golden.pad_token_id)
  })

  test('reads vocab.json and merges.txt alone to the same ids', async () => {
    for (const file of ['vocab.json', 'merges.txt']) await copyFile(join(GOLDENS, name, file), join(folder, file))
    const alone = await CLIPTokenizer.fromPretrained(folder)
    expect(alone.encode(texts)).toEqual(tokenizer.encode(texts))
    expect(alone.modelMaxLength).toBe(77)
  })
})

describe('CLIPTokenizer', () => {
  test('cuts a long prompt into the chunks of the reference', async () => {
    const tokenizer = await CLIPTokenizer.fromPretrained(GOLDENS, { subfolder: 'clip' })
    const { text, ids } = await readJson<{ text: string; ids: number[] }>('long_prompt', 'case.json')
    expect(tokenizer.encode(text, { addSpecialTokens: false }).inputIds).toEqual([ids])
    expect(tokenizer.encodeChunks(text)).toEqual(await readRows('long_prompt', 'chunks'))
  })

  test('gives one chunk for a text that fits, the empty one included', async () => {
    await makeFolder()
    const tokenizer = await CLIPTokenizer.fromPretrained(folder)
    for (const text of ['', 'a red apple']) {
      expect(tokenizer.encodeChunks(text)).toEqual(tokenizer.encode(text, { padding: 'max_length' }).inputIds)
    }
  })

  test('tells which part of each text was cut off', async () => {
    await makeFolder()
    const tokenizer = await CLIPTokenizer.fromPretrained(folder)
    const texts = ['a photograph of mars', 'of mars']
    expect(tokenizer.encode(texts, { truncation: true, maxLength: 5 }).truncated).toEqual(['mars', ''])
    expect(tokenizer.encode(texts, { maxLength: 5 }).truncated).toEqual(['', ''])
    expect(tokenizer.encode(texts, { maxLength: 5 }).inputIds[0]).toHaveLength(6)
  })

  test('lower-cases a sigma letter by letter, and keeps U+FEFF', async () => {
    const tokenizer = await CLIPTokenizer.fromPretrained(join(GOLDENS, 'clip'))
    const roundTrip = (text: string) =>
      tokenizer.decode(tokenizer.encode(text).inputIds[0] ?? [], { skipSpecialTokens: true })
    expect(roundTrip('ΟΔΟΣ')).toBe('οδοσ')
    expect(roundTrip('\ufeff|x')).toBe('\ufeff| x')
  })

  test('decodes special tokens unless told otherwise, and leaves unknown ids out', async () => {
    await makeFolder()
    const tokenizer = await CLIPTokenizer.fromPretrained(folder)
    const [ids = []] = tokenizer.encode('of mars').inputIds
    expect(tokenizer.decode([...ids, 1e6])).toBe('<|startoftext|>of mars <|endoftext|>')
    expect(tokenizer.decode([], { skipSpecialTokens: true })).toBe('')
    expect(tokenizer.tokenize('of mars')).toEqual(['of</w>', 'mars</w>'])
  })

  test('takes the filler from special_tokens_map.json, as Stable Diffusion 2 needs', async () => {
    await makeFolder({
      'tokenizer_config.json': { tokenizer_class: 'CLIPTokenizer', model_max_length: 12, pad_token: '<|endoftext|>' },
      'special_tokens_map.json': { pad_token: '!', eos_token: { content: '<|endoftext|>', normalized: true } },
    })
    const tokenizer = await CLIPTokenizer.fromPretrained(folder)
    expect(tokenizer.padTokenId).toBe(0)
    expect(tokenizer.modelMaxLength).toBe(12)
    const { inputIds, attentionMask } = tokenizer.encode('of mars!', { padding: 'max_length' })
    expect(inputIds[0]?.slice(3)).toEqual([0, tokenizer.eosTokenId, 0, 0, 0, 0, 0, 0, 0])
    expect(attentionMask[0]).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
  })

  test('takes everything from the settings where they list the added tokens', async () => {
    const listed = (content: string, special: boolean) => ({
      content,
      special,
      normalized: false,
      lstrip: false,
      rstrip: false,
    })
    await makeFolder({
      'tokenizer_config.json': {
        pad_token: '!',
        model_max_length: 1e30,
        added_tokens_decoder: { 0: listed('!', true), 814: listed('<cat-toy>', false) },
      },
      'special_tokens_map.json': { pad_token: '<|endoftext|>' },
    })
    const tokenizer = await CLIPTokenizer.fromPretrained(folder)
    expect(tokenizer.padTokenId).toBe(0)
    expect(tokenizer.modelMaxLength).toBe(77)
    expect(tokenizer.encode('of<cat-toy>', { addSpecialTokens: false }).inputIds[0]).toContain(814)
  })

  test('takes added_tokens.json, as older textual inversions leave it', async () => {
    await makeFolder({ 'added_tokens.json': { '<cat-toy>': 5000 } })
    const warnings = catchWarnings()
    const tokenizer = await CLIPTokenizer.fromPretrained(folder)
    expect(tokenizer.tokenize('of <CAT-toy>')).toEqual(['of</w>', '<cat-toy>'])
    expect(warnings()).toEqual([expect.stringMatching(/^OTHER_TOKEN_IDS: .*"<cat-toy>"/)])
  })

  test.each([1, 0, -1, 1.5, Number.NaN])('refuses a length of %p', async maxLength => {
    await makeFolder()
    const tokenizer = await CLIPTokenizer.fromPretrained(folder)
    expect(() => tokenizer.encode('a', { maxLength })).toThrow(InvalidMaxLengthError)
    expect(() => tokenizer.encodeChunks('a', { maxLength })).toThrow(InvalidMaxLengthError)
  })

  test('names what a folder lacks', async () => {
    await expect(CLIPTokenizer.fromPretrained(join(folder, 'nowhere'))).rejects.toThrow(MissingFileError)
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/"tokenizer.json" or "vocab.json".*empty/)
    await makeFolder({}, ['vocab.json'])
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/"merges.txt".*holds "vocab.json"/)
  })

  test('refuses files that are not JSON, or hold something else', async () => {
    await makeFolder({ 'tokenizer_config.json': '{' })
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(InvalidConfigError)
    await makeFolder({ 'tokenizer_config.json': {}, 'tokenizer.json': { model: { type: 'Unigram', vocab: [] } } })
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/tokenizer\.json: model\.type/)
    await rm(join(folder, 'tokenizer.json'))
    await makeFolder({ 'vocab.json': { a: 'one' } }, ['merges.txt'])
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/vocab\.json: a: /)
    await makeFolder({ 'merges.txt': '#version: 0.2\ni n\nth\n' }, ['vocab.json'])
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/merges\.txt: line 3 .*"th"/)
  })

  test('refuses a vocabulary without the special tokens', async () => {
    await makeFolder({ 'vocab.json': { a: 0, 'a</w>': 1 }, 'merges.txt': '' }, [])
    const loading = CLIPTokenizer.fromPretrained(folder)
    await expect(loading).rejects.toThrow(InvalidTokenizerError)
    await expect(loading).rejects.toThrow(/lacks the bos_token "<\|startoftext\|>"/)
  })

  test.each([
    ['special_tokens_map.json', { bos_token: '' }],
    ['tokenizer_config.json', { eos_token: '' }],
    ['tokenizer_config.json', { unk_token: 'x'.repeat(200_000) }],
    ['tokenizer_config.json', { added_tokens_decoder: { 5: { content: 'x'.repeat(1001) } } }],
    ['added_tokens.json', { '': 5 }],
    ['added_tokens.json', { a: 1e9 }],
    ['added_tokens.json', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${i}`.padEnd(900, 'x'), i]))],
    ['vocab.json', { a: -1 }],
    ['vocab.json', { a: 1e15 }],
    ['vocab.json', { a: '1' }],
    ['vocab.json', []],
  ])('refuses %s where a token or an id is none', async (file, content) => {
    await makeFolder({ [file]: content })
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/Invalid|invalid|Too|added tokens|expected/)
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^INVALID_/),
    })
  })

  test('refuses tokenizers of another class', async () => {
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'T5Tokenizer' }))
    await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/T5Tokenizer.*CLIPTokenizer/)
    await expect(CLIPTokenizer.fromPretrained(folder, { className: 'T5TokenizerFast' })).rejects.toThrow(
      InvalidTokenizerError,
    )
  })

  describe('of a generic class', () => {
    const emoji = join(__dirname, '../../../models/emoji/tokenizer/tokenizer.json')
    const text = 'a Red apple, <|endoftext|>'
    async function generic(change: (json: Record<string, unknown>) => void = () => undefined): Promise<void> {
      const json = JSON.parse(await readFile(emoji, 'utf8')) as Record<string, unknown>
      change(json)
      await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json))
    }

    test.each(['PreTrainedTokenizerFast', 'TokenizersBackend'])(
      '%s loads where its steps are those of CLIP',
      async name => {
        await generic()
        await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: name }))
        const expected = (await CLIPTokenizer.fromPretrained(dirname(emoji))).encode(text)
        for (const options of [{}, { className: name }, { className: 'CLIPTokenizer' }]) {
          expect((await CLIPTokenizer.fromPretrained(folder, options)).encode(text)).toEqual(expected)
        }
      },
    )

    test.each(['normalizer', 'pre_tokenizer', 'post_processor'])(
      'is refused with another %s, which it would follow',
      async step => {
        await generic(json => Object.assign(json, { [step]: { type: 'Strip' } }))
        const loading = CLIPTokenizer.fromPretrained(folder, { className: 'TokenizersBackend' })
        await expect(loading).rejects.toThrow(InvalidTokenizerError)
        await expect(loading).rejects.toThrow(`its ${step} is not that of a CLIP tokenizer`)
        // CLIP's own class makes the steps itself.
        await CLIPTokenizer.fromPretrained(folder, { className: 'CLIPTokenizer' })
      },
    )

    test.each<[string, (json: { post_processor: Record<string, unknown>; model: Record<string, unknown> }) => void]>([
      ['post_processor', json => Object.assign(json.post_processor, { cls: ['a</w>', 5] })],
      ['model.dropout', json => Object.assign(json.model, { dropout: 0.1 })],
      ['model.ignore_merges', json => Object.assign(json.model, { ignore_merges: true })],
    ])('is refused with a %s of its own, which it would follow', async (part, change) => {
      await generic(json => change(json as Parameters<typeof change>[0]))
      const loading = CLIPTokenizer.fromPretrained(folder, { className: 'TokenizersBackend' })
      await expect(loading).rejects.toThrow(`its ${part} is not that of a CLIP tokenizer`)
      await CLIPTokenizer.fromPretrained(folder, { className: 'CLIPTokenizer' })
    })

    test('is refused without a tokenizer.json', async () => {
      await makeFolder({ 'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast' } })
      await expect(CLIPTokenizer.fromPretrained(folder)).rejects.toThrow(/looked for "tokenizer.json"/)
    })
  })

  test('loads the files of CLIP whatever class they name, with a warning', async () => {
    await makeFolder({ 'tokenizer_config.json': { tokenizer_class: 'GPT2Tokenizer' } })
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    const ids = (await CLIPTokenizer.fromPretrained(folder)).encode('red apple').inputIds
    expect(emitWarning.mock.calls).toEqual([
      [expect.stringContaining('names the class GPT2Tokenizer'), { type: 'TesseraeWarning', code: 'OTHER_CLASS' }],
    ])
    emitWarning.mockRestore()
    await makeFolder({ 'tokenizer_config.json': {} })
    expect((await CLIPTokenizer.fromPretrained(folder)).encode('red apple').inputIds).toEqual(ids)
  })

  test('stops between files when its signal fires', async () => {
    await makeFolder({ 'tokenizer_config.json': {} })
    await expect(CLIPTokenizer.fromPretrained(folder, { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })
})

/** Settings of tokenizers: the ids and masks that transformers gives, also after saving. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CLIPTokenizer } from '../../../components/tokenizers/clip-tokenizer'
import { describeWithPython, runPython } from '../../python'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'

const GOLDENS = join(__dirname, '../../goldens')
const VOCABULARY = join(GOLDENS, 'tokenizer/small_bpe')
const CASES = join(GOLDENS, 'tokenizer-settings/cases.json')

interface Row {
  ids: number[]
  padded: number[]
  mask: number[]
}

interface Case {
  name: string
  class: string
  /** Files beside vocab.json and merges.txt; of tokenizer.json what differs from the vocabulary's own. */
  files: Record<string, Record<string, unknown>>
  /** What transformers says of a folder that it does not read. */
  error?: string
  model_max_length?: number | null
  added?: Record<string, number>
  rows?: Row[]
}

// Read at once: the cases are a table of tests.
const { cases, prompts, length } = jest.requireActual<{ cases: Case[]; prompts: string[]; length: number }>(CASES)
const read = cases.filter(({ error }) => error === undefined)

const folder = useTemporaryFolder()
let emitWarning: jest.SpyInstance
beforeEach(() => {
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
})
afterEach(() => emitWarning.mockRestore())
const warnings = () => emitWarning.mock.calls.map(([message]) => String(message))

async function makeFolder(files: Case['files']): Promise<string> {
  const path = join(folder(), 'tokenizer')
  await mkdir(path)
  for (const name of ['vocab.json', 'merges.txt']) await copyFile(join(VOCABULARY, name), join(path, name))
  for (const [name, content] of Object.entries(files)) {
    const own = name === 'tokenizer.json' ? JSON.parse(await readFile(join(VOCABULARY, name), 'utf8')) : {}
    await writeFile(join(path, name), JSON.stringify({ ...own, ...content }))
  }
  return path
}

function rowsOf(tokenizer: CLIPTokenizer): Row[] {
  const { inputIds, attentionMask } = tokenizer.encode(prompts, {
    padding: 'max_length',
    maxLength: length,
    truncation: true,
  })
  const whole = tokenizer.encode(prompts).inputIds
  return prompts.map((_, i) => ({
    ids: whole[i] as number[],
    padded: inputIds[i] as number[],
    mask: attentionMask[i] as number[],
  }))
}

describe('a tokenizer gives the ids and masks of transformers', () => {
  test.each(read.map(entry => [entry.name, entry] as const))('%s', async (_, entry) => {
    const path = await makeFolder(entry.files)
    const tokenizer = await CLIPTokenizer.fromPretrained(path, { className: entry.class })
    expect(rowsOf(tokenizer)).toEqual(entry.rows)
    expect(Object.fromEntries(tokenizer.addedTokensEncoder)).toEqual(entry.added)
    // A tokenizer without a length is one of CLIP's published models.
    expect(tokenizer.modelMaxLength).toBe(entry.model_max_length ?? 77)

    const saved = join(folder(), 'saved')
    await tokenizer.savePretrained(saved)
    const again = await CLIPTokenizer.fromPretrained(saved)
    expect(rowsOf(again)).toEqual(entry.rows)
    expect(again.addedTokensEncoder).toEqual(tokenizer.addedTokensEncoder)
    expect(again.modelMaxLength).toBe(tokenizer.modelMaxLength)
  })

  test.each(cases.filter(({ error }) => error !== undefined).map(entry => [entry.name, entry] as const))(
    'or is refused as there: %s',
    async (_, entry) => {
      const [setting] = Object.keys(entry.files['tokenizer_config.json'] as object)
      const loading = CLIPTokenizer.fromPretrained(await makeFolder(entry.files))
      await expect(loading).rejects.toMatchObject({ code: 'INVALID_TOKENIZER' })
      await expect(loading).rejects.toThrow(String(setting))
    },
  )
})

describe('settings that are not followed are named once, with their values', () => {
  test.each([
    [{ do_lower_case: false }, ['"do_lower_case" (false)']],
    [{ add_bos_token: false, add_eos_token: false }, ['"add_bos_token" (false)', '"add_eos_token" (false)']],
    [{ add_prefix_space: true }, ['"add_prefix_space" (true)']],
    [{ dropout: 0.5, words: { a: 1 } }, ['the unknown settings "dropout" (0.5), "words" ({"a":1})']],
  ])('%p', async (settings, expected) => {
    const path = await makeFolder({ 'tokenizer_config.json': settings })
    await CLIPTokenizer.fromPretrained(path)
    expect(warnings()).toEqual(expected.map(text => expect.stringContaining(text)))
    await CLIPTokenizer.fromPretrained(path)
    expect(warnings()).toHaveLength(expected.length)
  })

  test('those of published models are followed, or change nothing', async () => {
    await makeFolder({
      'tokenizer_config.json': {
        ...{ add_prefix_space: false, bos_token: '<|startoftext|>', clean_up_tokenization_spaces: true },
        ...{ do_lower_case: true, eos_token: '<|endoftext|>', errors: 'replace', model_max_length: 77 },
        ...{ name_or_path: 'openai/clip-vit-large-patch14', pad_token: '<|endoftext|>', special_tokens_map_file: 'x' },
        ...{ tokenizer_class: 'CLIPTokenizer', unk_token: '<|endoftext|>', processor_class: 'CLIPProcessor' },
      },
      'special_tokens_map.json': { bos_token: { content: '<|startoftext|>', single_word: false }, pad_token: '!' },
    })
    await CLIPTokenizer.fromPretrained(join(folder(), 'tokenizer'))
    expect(warnings()).toEqual([])
  })

  test('ids that a file states and no tokenizer of Python uses', async () => {
    const listed = { 5000: { content: '<a>' }, 5001: { content: '<b>' } }
    await CLIPTokenizer.fromPretrained(await makeFolder({ 'tokenizer_config.json': { added_tokens_decoder: listed } }))
    expect(warnings()).toEqual([expect.stringContaining('"<a>" (814 instead of 5000), "<b>" (815 instead of 5001)')])
  })
})

test('a row that is cut at its beginning tells the part that is missing', async () => {
  const path = await makeFolder({ 'tokenizer_config.json': { truncation_side: 'left' } })
  const tokenizer = await CLIPTokenizer.fromPretrained(path)
  expect(tokenizer.encode('a photograph of mars', { truncation: true, maxLength: 4 }).truncated).toEqual([
    'a photograph',
  ])
})

describeWithPython('a tokenizer that was saved here gives the same ids in Python', () => {
  test('all settings', async () => {
    const program = `
import sys, json, transformers
from transformers import CLIPTokenizer
transformers.logging.set_verbosity_error()
folders, prompts, length = json.loads(sys.argv[1])
rows = []
for folder in folders:
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    padded = [tokenizer(p, padding="max_length", max_length=length, truncation=True) for p in prompts]
    rows.append([{"ids": tokenizer(p)["input_ids"], "padded": e["input_ids"], "mask": e["attention_mask"]} for p, e in zip(prompts, padded)])
print(json.dumps(rows))`
    const folders: string[] = []
    for (const [i, entry] of read.entries()) {
      const path = join(folder(), `${i}`)
      await mkdir(path)
      for (const name of ['vocab.json', 'merges.txt']) await copyFile(join(VOCABULARY, name), join(path, name))
      for (const [name, content] of Object.entries(entry.files)) {
        const own = name === 'tokenizer.json' ? JSON.parse(await readFile(join(VOCABULARY, name), 'utf8')) : {}
        await writeFile(join(path, name), JSON.stringify({ ...own, ...content }))
      }
      const saved = join(path, 'saved')
      await (await CLIPTokenizer.fromPretrained(path, { className: entry.class })).savePretrained(saved)
      folders.push(saved)
    }
    const rows = await runPython<Row[][]>(program, [JSON.stringify([folders, prompts, length])])
    for (const [i, entry] of read.entries())
      expect({ name: entry.name, rows: rows[i] }).toEqual({ name: entry.name, rows: entry.rows })
  }, 240_000)
})

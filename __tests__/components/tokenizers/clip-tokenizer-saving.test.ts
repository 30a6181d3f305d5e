import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CLIPTokenizer } from '../../../components/tokenizers/clip-tokenizer'
import { readCLIPTokenizerFiles } from '../../../components/tokenizers/clip-tokenizer-files'
import { describeWithPython, runPython } from '../../python'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const saved = () => join(folder(), 'saved')
const clip = join(__dirname, '..', '..', 'goldens', 'tokenizer', 'clip')
const emoji = join(__dirname, '..', '..', '..', 'models', 'emoji', 'tokenizer')
const texts = ['red apple', 'A  Photo of 3 cats!', 'größer 🚀 <|endoftext|> x', '', "it's ΣΑΣ"]

describe.each([
  ['clip', clip, []],
  ['emoji', emoji, ['vocabulary.json']],
])('saving the tokenizer of %s', (_, source, more) => {
  test('writes its files, from which the same tokenizer loads', async () => {
    const tokenizer = await CLIPTokenizer.fromPretrained(source)
    await tokenizer.savePretrained(saved())
    expect((await readdir(saved())).sort()).toEqual([
      'merges.txt',
      'special_tokens_map.json',
      'tokenizer_config.json',
      'vocab.json',
      ...more,
    ])
    const again = await readCLIPTokenizerFiles(saved())
    expect(again).toEqual(await readCLIPTokenizerFiles(source))
    expect(new CLIPTokenizer(again).encode(texts)).toEqual(tokenizer.encode(texts))
  })

  test('leaves no file that would be read in the place of the new ones', async () => {
    const tokenizer = await CLIPTokenizer.fromPretrained(source)
    await tokenizer.savePretrained(saved())
    await writeFile(join(saved(), 'tokenizer.json'), '{}')
    await writeFile(join(saved(), 'README.md'), 'mine')
    await tokenizer.savePretrained(saved())
    expect(await readdir(saved())).not.toContain('tokenizer.json')
    expect(await readFile(join(saved(), 'README.md'), 'utf8')).toBe('mine')
  })
})

describeWithPython('a saved tokenizer in Python', () => {
  const program = `
import sys, json
from transformers import AutoTokenizer, CLIPTokenizer
texts = json.loads(sys.argv[2])
print(json.dumps([cls.from_pretrained(sys.argv[1])(texts)["input_ids"] for cls in (AutoTokenizer, CLIPTokenizer)]
  + [AutoTokenizer.from_pretrained(sys.argv[1]).model_max_length, AutoTokenizer.from_pretrained(sys.argv[1]).pad_token_id]))`

  test.each([clip, emoji])(
    'of %s reads a text alike',
    async source => {
      const tokenizer = await CLIPTokenizer.fromPretrained(source)
      await tokenizer.savePretrained(saved())
      const { inputIds } = tokenizer.encode(texts)
      expect(await runPython(program, [saved(), JSON.stringify(texts)])).toEqual([
        inputIds,
        inputIds,
        tokenizer.modelMaxLength,
        tokenizer.padTokenId,
      ])
    },
    120_000,
  )
})

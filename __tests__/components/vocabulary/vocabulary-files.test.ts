/** The vocabulary of a model goes where its tokenizer goes, and harms nobody if it is damaged. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readVocabulary } from '../../../components/vocabulary/vocabulary-files'
import { CLIPTokenizer, InvalidVocabularyError } from '../../../index'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const file = () => join(folder(), 'vocabulary.json')
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as unknown
beforeEach(() => cpSync(join(emojiFolder, 'tokenizer'), folder(), { recursive: true }))

describe('vocabulary.json', () => {
  test('is loaded and saved with the tokenizer', async () => {
    const tokenizer = await CLIPTokenizer.fromPretrained(folder())
    expect(tokenizer.vocabulary?.names).toHaveLength(595)
    const saved = join(folder(), 'saved')
    await tokenizer.savePretrained(saved)
    expect(json(join(saved, 'vocabulary.json'))).toEqual(json(file()))
    expect((await CLIPTokenizer.fromPretrained(saved)).vocabulary?.file).toEqual(tokenizer.vocabulary?.file)
  })

  test('does not stay beside the tokenizer of another model', async () => {
    const saved = join(folder(), 'saved')
    await (await CLIPTokenizer.fromPretrained(folder())).savePretrained(saved)
    rmSync(file())
    const other = await CLIPTokenizer.fromPretrained(folder())
    expect(other.vocabulary).toBeUndefined()
    await other.savePretrained(saved)
    expect(existsSync(join(saved, 'vocabulary.json'))).toBe(false)
  })

  test.each([
    '',
    '[]',
    '{"names": [',
    '{}',
    '{"names": []}',
    '{"names": ["a"], "sizes": [[64]]}',
    '{"names": ["a"], "sizes": [[0, 1e99]]}',
    '{"names": ["a"], "modifiers": {"red": "a"}}',
    '{"names": ["a"], "aliases": {"b": 1}}',
    '{"names": ["a"], "colours": ["red"]}',
  ])('is reported if it is damaged, and the tokenizer loads: %s', async text => {
    writeFileSync(file(), text)
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    expect((await CLIPTokenizer.fromPretrained(folder())).vocabulary).toBeUndefined()
    expect(emitWarning).toHaveBeenCalledTimes(1)
    expect(emitWarning.mock.calls[0]?.[0]).toContain(file())
    await expect(readVocabulary(folder())).rejects.toThrow(InvalidVocabularyError)
  })
})

/** The models of the package are found from any folder. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BundledModelError, bundledModel, ModularPipeline, StableDiffusionTextToImageBlocks } from '../../../index'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { runProgram } from '../../cli/run-cli'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const start = process.cwd()
afterEach(() => process.chdir(start))

describe('bundledModel()', () => {
  test('gives the folder of the model, wherever the process is', () => {
    process.chdir(folder())
    expect(bundledModel('emoji')).toBe(emojiFolder)
    expect(existsSync(join(bundledModel('emoji'), 'model_index.json'))).toBe(true)
  })

  test('refuses another name, and says which there are', () => {
    expect(() => bundledModel('emojis' as 'emoji')).toThrow('It has "emoji".')
  })

  test('is named by the error for the path that is valid in this repository alone', async () => {
    process.chdir(folder())
    for (const path of ['models/emoji', './models/emoji']) {
      expect(() => new StableDiffusionTextToImageBlocks().initPipeline(path)).toThrow("bundledModel('emoji')")
      await expect(ModularPipeline.fromPretrained(path)).rejects.toThrow("bundledModel('emoji')")
    }
    expect(() => new StableDiffusionTextToImageBlocks().initPipeline('models/emoji')).toThrow(BundledModelError)
  })

  test('is what the samples draw with, from any folder', async () => {
    const { code, stderr } = await runProgram('samples/text-to-image.js', [], { cwd: folder() })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(existsSync(join(folder(), 'red-apple.png'))).toBe(true)
  })
})

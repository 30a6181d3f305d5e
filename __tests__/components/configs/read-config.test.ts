import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidConfigError } from '../../../components/configs/invalid-config-error'
import { readConfig } from '../../../components/configs/read-config'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'

const folder = useTemporaryFolder()

describe('readConfig', () => {
  test('reads the object with its keys as they are', async () => {
    await writeFile(join(folder(), 'config.json'), '{"_class_name": "UNet2DConditionModel", "in_channels": 4}')
    expect(await readConfig(folder(), 'config.json')).toEqual({ _class_name: 'UNet2DConditionModel', in_channels: 4 })
  })

  test('reads the numbers that Python writes as bare words', async () => {
    await writeFile(join(folder(), 'config.json'), '{"mean": [NaN, 1], "sigma_max": Infinity, "lambda": -Infinity}')
    expect(await readConfig(folder(), 'config.json')).toEqual({
      mean: [Number.NaN, 1],
      sigma_max: Infinity,
      lambda: -Infinity,
    })
  })

  test('names the file that is missing and those that exist', async () => {
    await writeFile(join(folder(), 'scheduler_config.json'), '{}')
    const reading = readConfig(folder(), 'config.json')
    await expect(reading).rejects.toThrow(MissingFileError)
    await expect(reading).rejects.toThrow(/looked for "config.json". The folder holds "scheduler_config.json"/)
  })

  test('names a link to nothing', async () => {
    await symlink(join(folder(), 'nowhere'), join(folder(), 'config.json'))
    await expect(readConfig(folder(), 'config.json')).rejects.toThrow(
      '"config.json" is a broken link. Remove or fix it.',
    )
  })

  test('names the folder that is missing', async () => {
    const missing = join(folder(), 'unet')
    const reading = readConfig(missing, 'config.json')
    await expect(reading).rejects.toThrow(/There is no such folder/)
    await expect(reading).rejects.toMatchObject({ code: 'MISSING_FILE', folder: missing, found: undefined })
  })

  test.each([
    ['{"a": 1,}', /is not JSON/],
    ['', /is not JSON/],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n', /Git LFS pointer: fetch .* "git lfs pull"/],
    ['[1, 2]', /expected a JSON object, got an array of 2/],
    ['null', /got null/],
    [`{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /more than 200 deep/],
  ])('refuses the text %.50s', async (text, message) => {
    await writeFile(join(folder(), 'config.json'), text)
    const reading = readConfig(folder(), 'config.json')
    await expect(reading).rejects.toThrow(InvalidConfigError)
    await expect(reading).rejects.toThrow(message)
    await expect(reading).rejects.toMatchObject({ source: join(folder(), 'config.json') })
  })

  test('refuses a folder in place of the file', async () => {
    await mkdir(join(folder(), 'config.json'))
    await expect(readConfig(folder(), 'config.json')).rejects.toThrow(InvalidConfigError)
  })
})

import { execFileSync } from 'node:child_process'
import { symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readConfig } from '../../../components/configs/read-config'
import { InvalidConfigError, ModelIndexError, ModularPipeline } from '../../../index'
import { readText, readTextSync } from '../../../src/files/read-text'
import { statIfThere } from '../../../src/files/stat-if-there'
import { SETTINGS } from '../../../src/format/text-limits'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const testWithPipes = process.platform === 'win32' ? test.skip : test

describe('files that somebody else wrote', () => {
  test('are read as text, through links', async () => {
    await writeFile(join(folder(), 'a.json'), '{"é": 1}')
    await symlink('a.json', join(folder(), 'b.json'))
    expect(await readText(join(folder(), 'b.json'))).toBe('{"é": 1}')
    expect(readTextSync(join(folder(), 'b.json'))).toBe('{"é": 1}')
  })

  test('are not read where they are too long', async () => {
    const file = join(folder(), 'model_index.json')
    await writeFile(file, '')
    await truncate(file, SETTINGS.bytes + 1)
    await expect(readText(file)).rejects.toThrow(`it has ${SETTINGS.bytes + 1} bytes`)
    await expect(ModularPipeline.fromPretrained(folder())).rejects.toThrow(ModelIndexError)
  })

  testWithPipes('are not waited for where they are pipes', async () => {
    for (const name of ['model_index.json', 'config.json']) execFileSync('mkfifo', [join(folder(), name)])
    await expect(ModularPipeline.fromPretrained(folder())).rejects.toThrow(/model_index.json: .* pipe/)
    await expect(readConfig(folder(), 'config.json')).rejects.toThrow(InvalidConfigError)
  })

  testWithPipes('are not read for ever where they are links to devices', async () => {
    await symlink('/dev/zero', join(folder(), 'config.json'))
    await expect(readConfig(folder(), 'config.json')).rejects.toThrow(/a device/)
  })

  test.each(['x'.repeat(5000), 'a\0b', `${'x/'.repeat(5000)}y`])('have names that can be none', async name => {
    expect(statIfThere(join(folder(), name))).toBeUndefined()
    await expect(ModularPipeline.fromPretrained(join(folder(), name))).rejects.toMatchObject({
      code: expect.any(String),
    })
    await expect(readConfig(join(folder(), name), 'config.json')).rejects.toThrow(InvalidConfigError)
  })
})

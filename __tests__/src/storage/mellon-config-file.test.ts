import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  loadMellonConfig,
  MellonConfigError,
  MellonPipelineConfig,
  saveMellonConfig,
  UnwritableFileError,
} from '../../../src'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { required, toy } from '../fixtures/toy-blocks'

const folder = useTemporaryFolder()
const config = MellonPipelineConfig.fromCustomBlock(toy({ inputs: [required('prompt')] }), { defaultRepo: 'me/mine' })

describe('mellon_pipeline_config.json', () => {
  test('is written into a new folder, and read from the folder or the file', async () => {
    const file = await saveMellonConfig(config, join(folder(), 'a', 'b'))
    expect(await readdir(join(folder(), 'a', 'b'))).toEqual(['mellon_pipeline_config.json'])
    expect(await readFile(file, 'utf8')).toBe(config.toJsonString())
    for (const path of [file, join(folder(), 'a', 'b')]) {
      expect((await loadMellonConfig(path)).toDict()).toEqual(config.toDict())
    }
  })

  test('is refused where a file is in the place of the folder', async () => {
    await writeFile(join(folder(), 'file'), 'x')
    await expect(saveMellonConfig(config, join(folder(), 'file'))).rejects.toThrow(UnwritableFileError)
    await expect(saveMellonConfig(config, join(folder(), 'file', 'in'))).rejects.toThrow(UnwritableFileError)
    expect(await readFile(join(folder(), 'file'), 'utf8')).toBe('x')
  })

  test('that is missing or damaged is refused', async () => {
    await mkdir(join(folder(), 'empty'))
    await expect(loadMellonConfig(join(folder(), 'empty'))).rejects.toThrow('mellon_pipeline_config.json: not found')
    await expect(loadMellonConfig(join(folder(), 'nowhere'))).rejects.toThrow(MellonConfigError)
    await writeFile(join(folder(), 'mellon_pipeline_config.json'), '{"label": ')
    await expect(loadMellonConfig(folder())).rejects.toThrow('is not JSON')
  })
})

import { rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { TensorInfo } from '../../../components/checkpoints/checkpoint'
import { readFloat32 } from '../../../components/checkpoints/read-tensor'
import { readFloat32Sync } from '../../../components/checkpoints/read-tensor-sync'
import { SafetensorsError } from '../../../components/checkpoints/safetensors-error'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { openFilesIn } from './open-files'
import { useTemporaryFolder } from './temporary-folder'

const folder = useTemporaryFolder()
const path = () => join(folder(), 'weights.safetensors')

/** Where the tensors of a file lie. */
async function writeTensors() {
  await writeSafetensors(path(), {
    single: { dtype: 'F32', shape: [3], data: Float32Array.of(1, -0.5, 1e-45) },
    half: { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xb800) },
    brain: { dtype: 'BF16', shape: [2], data: Uint16Array.of(0x3f80, 0xbf00) },
    whole: { dtype: 'I32', shape: [1], data: Int32Array.of(7) },
    none: { dtype: 'F32', shape: [0], data: new Float32Array() },
  })
  const file = await SafetensorsFile.open(path())
  await file.close()
  return file
}

/** What reading a tensor throws. */
function failureOf(info: Parameters<typeof readFloat32Sync>[0]): unknown {
  try {
    readFloat32Sync(info)
  } catch (error) {
    return error
  }
  throw new Error('No error.')
}

describe('readFloat32Sync()', () => {
  test('gives the same numbers as the file does', async () => {
    const file = await writeTensors()
    expect([...readFloat32Sync(file.info('single'))]).toEqual([...Float32Array.of(1, -0.5, 1e-45)])
    expect([...readFloat32Sync(file.info('half'))]).toEqual([1, -0.5])
    expect([...readFloat32Sync(file.info('brain'))]).toEqual([1, -0.5])
    expect([...readFloat32Sync(file.info('none'))]).toEqual([])
    expect(openFilesIn(folder())).toEqual([])
  })

  test('refuses tensors that are not floats', async () => {
    const error = failureOf((await writeTensors()).info('whole'))
    expect(error).toBeInstanceOf(SafetensorsError)
    expect(error).toMatchObject({ problem: 'wrong-dtype' })
    expect((error as Error).message).toContain('holds I32, but floats were asked for')
  })

  test('says that the file is gone', async () => {
    const file = await writeTensors()
    await rm(path())
    const error = failureOf(file.info('single'))
    expect(error).toBeInstanceOf(SafetensorsError)
    expect(error).toMatchObject({ problem: 'unreadable', cause: { code: 'ENOENT' } })
    expect((error as Error).message).toContain(`${path()}: cannot be opened: ENOENT`)
  })

  test('says that the file was written to', async () => {
    const file = await writeTensors()
    const { size } = await stat(path())
    const { stamp: _, ...last } = file.keys.map(key => file.info(key)).find(({ end }) => end === size) as TensorInfo
    await truncate(path(), size - 1)
    const error = failureOf(last)
    expect(error).toMatchObject({ problem: 'truncated' })
    expect((error as Error).message).toContain(`has ${size - 1} bytes, but held at least ${size} when it was opened`)
    for (const key of file.keys) expect(failureOf(file.info(key))).toMatchObject({ problem: 'changed' })

    // Another model's weights, of the same length: what is there now are other numbers.
    await writeTensors()
    await expect(readFloat32(file.info('single'))).rejects.toMatchObject({ problem: 'changed' })
    expect(openFilesIn(folder())).toEqual([])
  })
})

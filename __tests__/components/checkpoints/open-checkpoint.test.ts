import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openCheckpoint } from '../../../components/checkpoints/open-checkpoint'
import { PickleCheckpointError } from '../../../components/checkpoints/pickle-checkpoint-error'
import { SafetensorsError } from '../../../components/checkpoints/safetensors-error'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { openFilesIn } from './open-files'
import { useTemporaryFolder } from './temporary-folder'

const folder = useTemporaryFolder()

/** Writes a file whose tensors hold the given numbers. */
async function weights(name: string, tensors: Record<string, number>): Promise<void> {
  const entries = Object.entries(tensors).map(([key, value]) => {
    return [key, { dtype: 'F32', shape: [1], data: Float32Array.of(value) }] as const
  })
  await writeSafetensors(join(folder(), name), Object.fromEntries(entries))
}

async function index(weightMap: unknown, name = 'model.safetensors.index.json'): Promise<void> {
  await writeFile(join(folder(), name), JSON.stringify({ metadata: { total_size: 8 }, weight_map: weightMap }))
}

/** Opens the checkpoint and reads all of it. */
async function read(options: Parameters<typeof openCheckpoint>[1]): Promise<Record<string, number | undefined>> {
  const checkpoint = await openCheckpoint(folder(), options)
  const values: Record<string, number | undefined> = {}
  for (const key of checkpoint.keys) values[key] = (await checkpoint.readFloat32(key))[0]
  await checkpoint.close()
  expect(openFilesIn(folder())).toEqual([])
  return values
}

describe('openCheckpoint', () => {
  test('finds a single file', async () => {
    await weights('diffusion_pytorch_model.safetensors', { a: 1 })
    expect(await read({ weightsName: 'diffusion_pytorch_model' })).toEqual({ a: 1 })
  })

  test('finds the variant that is asked for', async () => {
    await weights('model.safetensors', { a: 1 })
    await weights('model.fp16.safetensors', { a: 2 })
    expect(await read({ weightsName: 'model', variant: 'fp16' })).toEqual({ a: 2 })
  })

  test('follows links, of which the cache of the Hub consists', async () => {
    await mkdir(join(folder(), 'blobs'))
    await weights(join('blobs', 'a1'), { a: 1 })
    await symlink(join('blobs', 'a1'), join(folder(), 'one.safetensors'))
    await index({ a: 'one.safetensors' })
    expect(await read({ weightsName: 'model' })).toEqual({ a: 1 })
  })

  test('finds several files by their index', async () => {
    await weights('model-00001-of-00002.safetensors', { a: 1 })
    await weights('model-00002-of-00002.safetensors', { b: 2, c: 3 })
    const [first, second] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    await index({ c: second, a: first, b: second })
    expect(await read({ weightsName: 'model' })).toEqual({ a: 1, b: 2, c: 3 })
    const checkpoint = await openCheckpoint(folder(), { weightsName: 'model' })
    expect(checkpoint.path).toBe(join(folder(), 'model.safetensors.index.json'))
    expect(checkpoint.info('b').file).toBe(join(folder(), 'model-00002-of-00002.safetensors'))
    expect(await checkpoint.readBytes('a')).toHaveLength(4)
    expect(() => checkpoint.info('d')).toThrow(SafetensorsError)
    await checkpoint.close()
  })

  test('finds the index of a variant', async () => {
    await weights('model.fp16-00001-of-00001.safetensors', { a: 1 })
    await index({ a: 'model.fp16-00001-of-00001.safetensors' }, 'model.safetensors.index.fp16.json')
    expect(await read({ weightsName: 'model', variant: 'fp16' })).toEqual({ a: 1 })
  })

  describe('refuses', () => {
    async function errorOf(variant?: string): Promise<Error> {
      const error = await openCheckpoint(folder(), { weightsName: 'model', variant }).then(
        () => new Error('it was opened'),
        error => error as Error,
      )
      expect(openFilesIn(folder())).toEqual([])
      return error
    }

    test('a folder without weights, listing what it holds', async () => {
      await writeFile(join(folder(), 'config.json'), '{}')
      const error = await errorOf()
      expect(error).toBeInstanceOf(MissingFileError)
      expect(error).toMatchObject({
        lookedFor: ['model.safetensors', 'model.safetensors.index.json'],
        found: ['config.json'],
      })
    })

    test('an empty folder, and one that is not there', async () => {
      expect((await errorOf()).message).toMatch(/The folder is empty/)
      const opening = openCheckpoint(join(folder(), 'unet'), { weightsName: 'model' })
      await expect(opening).rejects.toThrow(/unet: looked for .* There is no such folder/)
    })

    test('a folder with another variant alone, naming it', async () => {
      await weights('model.fp16.safetensors', { a: 2 })
      expect((await errorOf()).message).toMatch(/ask for variant "fp16"/)
      expect((await errorOf('bf16')).message).toMatch(/"model.bf16.safetensors"/)
    })

    test('a folder with a pickle alone', async () => {
      await writeFile(join(folder(), 'pytorch_model.bin'), '')
      expect(await errorOf()).toBeInstanceOf(PickleCheckpointError)
    })

    test.each([
      ...['../model.safetensors', '/etc/passwd', 'a/../../b', 'C:\\model.safetensors', '..\\b', '\\\\host\\b', '..'],
      ...[
        'file:///etc/passwd',
        'https://host/b',
        '%2e%2e/b',
        '..%2fb',
        '%2fetc%2fpasswd',
        '%2e%2e',
        '',
        'a\0b',
        7,
        null,
      ],
    ])('an index that leads to %p', async shard => {
      await index({ a: shard })
      const error = await errorOf()
      expect(error).toMatchObject({ code: 'SAFETENSORS', problem: 'invalid-index', tensor: 'a' })
    })

    test('an index of pickles', async () => {
      await index({ a: 'pytorch_model-00001-of-00001.bin' })
      expect(await errorOf()).toBeInstanceOf(PickleCheckpointError)
    })

    test.each([undefined, null, 'model.safetensors', ['a']])('an index whose weight_map is %p', async weightMap => {
      await index(weightMap)
      expect(await errorOf()).toMatchObject({ problem: 'invalid-index' })
    })

    test('an index that names a tensor which its file does not hold', async () => {
      await weights('one.safetensors', { a: 1 })
      await index({ a: 'one.safetensors', b: 'one.safetensors' })
      const error = await errorOf()
      expect(error).toMatchObject({ problem: 'invalid-index', tensor: 'b' })
      expect(error.message).toMatch(/different checkpoints/)
    })

    test('an index that names a missing file', async () => {
      await weights('one.safetensors', { a: 1 })
      await index({ a: 'one.safetensors', b: 'two.safetensors' })
      expect(await errorOf()).toBeInstanceOf(MissingFileError)
    })

    test('an index with a damaged file', async () => {
      await weights('one.safetensors', { a: 1 })
      await writeFile(join(folder(), 'two.safetensors'), 'damaged')
      await index({ a: 'one.safetensors', b: 'two.safetensors' })
      expect(await errorOf()).toMatchObject({ problem: 'truncated' })
    })

    test('a folder in place of the file', async () => {
      await mkdir(join(folder(), 'model.safetensors'))
      expect(await errorOf()).toMatchObject({ problem: 'unreadable' })
    })
  })
})

import { join } from 'node:path'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { Linear } from '../../../components/nn/linear'
import { loadStateDict } from '../../../components/nn/load-state-dict'
import { StateDictError } from '../../../components/nn/state-dict-error'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useBackend } from '../models/use-backend'
import { memoryCheckpoint, ToyModule } from './toy-module'

const matrix = (rows: number, columns: number) => Array.from({ length: rows }, () => new Array(columns).fill(1))
const weights = { 'proj_in.weight': matrix(2, 3), 'proj_in.bias': [10, 20], 'layers.1.weight': matrix(2, 2) }

describe('loadStateDict', () => {
  useBackend('wasm')
  const folder = useTemporaryFolder()

  test('lists every missing, unexpected and misshapen key in one error, before it reads anything', async () => {
    const onRead = jest.fn()
    const checkpoint = memoryCheckpoint(
      { 'proj_in.weight': matrix(3, 2), 'proj_in.scale': [1], 'layers.1.weight': [1, 1], 'layers.0.weight': [1] },
      onRead,
    )
    const error = await loadStateDict(new ToyModule(), checkpoint).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StateDictError)
    expect(error).toMatchObject({
      missing: ['proj_in.bias'],
      unexpected: ['proj_in.scale', 'layers.0.weight'],
      misshapen: [
        { key: 'proj_in.weight', expected: [2, 3], got: [3, 2] },
        { key: 'layers.1.weight', expected: [2, 2], got: [2] },
      ],
    })
    expect((error as StateDictError).message).toContain('toy.safetensors does not match ToyModule')
    expect((error as StateDictError).message).toContain('proj_in.weight: expected [2, 3], got [3, 2]')
    expect(onRead).not.toHaveBeenCalled()
  })

  test('renames keys and leaves keys out', async () => {
    const { 'proj_in.bias': bias, ...rest } = weights
    const checkpoint = memoryCheckpoint({ ...rest, 'proj_in.b': bias, position_ids: [0] })
    const module = new ToyModule()
    const rename = (key: string) => (key === 'position_ids' ? null : key.replace(/\.b$/, '.bias'))
    await loadStateDict(module, checkpoint, { rename })
    expect([...(module.projIn.bias?.tensor.dataSync() ?? [])]).toEqual([10, 20])
    module.dispose()
  })

  test('refuses two keys for one parameter', async () => {
    const checkpoint = memoryCheckpoint({ ...weights, 'old.bias': [1, 2] })
    const rename = (key: string) => key.replace('old', 'proj_in')
    await expect(loadStateDict(new ToyModule(), checkpoint, { rename })).rejects.toMatchObject({
      missing: [],
      duplicates: ['old.bias'],
    })
  })

  test('leaves no tensor behind when a read fails', async () => {
    const checkpoint = memoryCheckpoint(weights, key => {
      if (key === 'layers.1.weight') throw new RangeError('The disk is gone.')
    })
    const module = new ToyModule()
    await expect(loadStateDict(module, checkpoint)).rejects.toThrow(RangeError)
    expect(module.parameters().some(parameter => parameter.isLoaded)).toBe(false)
  })

  test('stops between two tensors when the signal fires, and leaves none behind', async () => {
    const controller = new AbortController()
    const read: string[] = []
    const checkpoint = memoryCheckpoint(weights, key => {
      read.push(key)
      if (read.length === 2) controller.abort()
    })
    await expect(loadStateDict(new ToyModule(), checkpoint, { signal: controller.signal })).rejects.toThrow('aborted')
    expect(read).toHaveLength(2)
  })

  test.each([
    ['F32', Float32Array.of(1.5, -2, 0.25)],
    ['F16', Uint16Array.of(0x3e00, 0xc000, 0x3400)],
    ['BF16', Uint16Array.of(0x3fc0, 0xc000, 0x3e80)],
  ] as const)('reads %s', async (dtype, data) => {
    const path = join(folder(), 'linear.safetensors')
    await writeSafetensors(path, { weight: { dtype, shape: [1, 3], data } })
    const file = await SafetensorsFile.open(path)
    const linear = new Linear(3, 1, { bias: false })
    await loadStateDict(linear, file)
    expect([...linear.weight.tensor.dataSync()]).toEqual([1.5, -2, 0.25])
    linear.dispose()
    await file.close()
  })
})

import * as tf from '@tensorflow/tfjs'
import { loadStateDict } from '../../../components/nn/load-state-dict'
import { WeightsNotLoadedError } from '../../../components/nn/weights-not-loaded-error'
import { useBackend } from '../models/use-backend'
import { memoryCheckpoint, ToyModule } from './toy-module'

const weights = {
  'proj_in.weight': [
    [1, 2, 3],
    [4, 5, 6],
  ],
  'proj_in.bias': [10, 20],
  'layers.1.weight': [
    [1, 0],
    [1, -1],
  ],
}

describe('Module', () => {
  useBackend('wasm')

  test('names its parts by their fields in the order of the fields', () => {
    const module = new ToyModule()
    expect([...module.namedModules()].map(([name]) => name)).toEqual(['proj_in', 'pair', 'layers.1'])
    expect([...module.namedParameters()].map(([name]) => name)).toEqual(Object.keys(weights))
    expect(module.parameters().map(({ shape }) => shape)).toEqual([[2, 3], [2], [2, 2]])
  })

  test('has no weights before they are loaded and after it is disposed', async () => {
    const module = new ToyModule()
    const forward = () => tf.tidy(() => module.forward(tf.tensor2d([[1, 1, 1]])).dataSync())
    expect(forward).toThrow(WeightsNotLoadedError)
    await loadStateDict(module, memoryCheckpoint(weights))
    // (16, 35) doubled, then (a, a - b)
    expect([...forward()]).toEqual([32, -38])
    module.dispose()
    module.dispose()
    expect(forward).toThrow(WeightsNotLoadedError)
  })

  test('holds one tensor for each parameter, also when it is loaded twice', async () => {
    const module = new ToyModule()
    const before = tf.memory().numTensors
    await loadStateDict(module, memoryCheckpoint(weights))
    await loadStateDict(module, memoryCheckpoint(weights))
    expect(tf.memory().numTensors).toBe(before + 3)
    module.dispose()
  })
})

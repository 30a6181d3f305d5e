import * as tf from '@tensorflow/tfjs'
import { tapOutputs } from '../../../components/nn/tap-outputs'
import { useBackend } from '../models/use-backend'
import { ToyModule } from './toy-module'

describe('tapOutputs', () => {
  useBackend('wasm')

  test('shows the output of each part in the order of execution until it is ended', () => {
    const module = new ToyModule()
    module.projIn.weight.load(new Float32Array(6).fill(1))
    module.projIn.bias?.load(new Float32Array([0, 1]))
    module.layers[1].weight.load(new Float32Array([1, 2, 3, 4]))
    const seen: [string, number[]][] = []
    const stop = tapOutputs(module, (name, output) => seen.push([name, [...output.dataSync()]]))
    const run = () => tf.tidy(() => [...module.forward(tf.ones([1, 3])).dataSync()])

    expect(run()).toEqual([22, 50])
    expect(seen).toEqual([
      ['proj_in', [3, 4]],
      ['pair.0', [6, 8]],
      ['pair.1.0', [3, 4]],
      ['layers.1', [22, 50]],
    ])
    stop()
    expect(run()).toEqual([22, 50])
    expect(seen).toHaveLength(4)
    module.dispose()
  })
})

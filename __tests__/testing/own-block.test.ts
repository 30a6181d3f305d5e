// The example of docs/guides/testing.md.
import * as tf from '@tensorflow/tfjs'
import { type InOut, Input, ModularPipelineBlocks, Output } from 'tesserae'
import { runBlock } from 'tesserae/testing'
import 'tesserae/testing/jest'
import { useBackend } from '../components/models/use-backend'

useBackend('cpu')

class Invert extends ModularPipelineBlocks {
  @Input() @Output() pixels!: InOut<tf.Tensor4D, 'required'>

  run() {
    this.pixels = this.pixels.neg()
  }
}

test('Invert turns the colours round and keeps the given pixels', async () => {
  expect(Invert).toRequireInputs(['pixels'])
  const pixels = tf.tensor4d([-1, 0, 0.5], [1, 1, 1, 3])
  const inverted = await runBlock(Invert, { inputs: { pixels } })
  expect(inverted.pixels).toBeCloseToTensor([1, 0, -0.5])
  expect(pixels).toBeCloseToTensor([-1, 0, 0.5])
  tf.dispose([pixels, inverted.pixels])
})

import * as tf from '@tensorflow/tfjs'
import {
  type ResampleMode,
  resampleModes,
  resampleTensor,
} from '../../../../components/schedulers/flow-matching/resample-tensor'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

// torch.nn.functional.interpolate of [0, 1, 4, 9] to 6 columns, align_corners false.
const recorded: Readonly<Record<ResampleMode, readonly number[]>> = {
  nearest: [0.0, 0.0, 1.0, 4.0, 4.0, 9.0],
  bilinear: [0.0, 0.5, 1.5, 3.5, 6.5, 9.0],
  bicubic: [-0.086806, 0.21875, 1.430555, 3.152778, 6.78125, 9.434029],
  area: [0.0, 0.5, 1.0, 4.0, 6.5, 9.0],
  'nearest-exact': [0.0, 1.0, 1.0, 4.0, 9.0, 9.0],
}

test.each(resampleModes)('%s gives the numbers of torch', mode => {
  const row = tf.tensor4d([0, 1, 4, 9], [1, 1, 4, 1])
  const wide = resampleTensor(row, [2, 6], mode)
  const expected = [...recorded[mode], ...recorded[mode]].map(value => expect.closeTo(value, 5))
  expect(Array.from(wide.dataSync())).toEqual(expected)
  tf.dispose([row, wide])
})

test.each(resampleModes)('%s treats channels and samples alone, and leaves the same size as it is', mode => {
  tf.tidy(() => {
    const batch = tf.range(0, 48).reshape([2, 2, 4, 3]) as tf.Tensor4D
    const same = resampleTensor(batch, [2, 4], mode)
    expect(Array.from(same.dataSync())).toEqual(Array.from(batch.dataSync(), value => expect.closeTo(value, 4)))
    const grown = resampleTensor(batch, [3, 5], mode)
    const alone = resampleTensor(batch.slice([1, 0, 0, 2], [1, 2, 4, 1]), [3, 5], mode)
    expect(grown.slice([1, 0, 0, 2], [1, 3, 5, 1]).dataSync()).toEqual(alone.dataSync())
  })
})

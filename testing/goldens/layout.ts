/** Between the layouts of the goldens, `[batch, channel, height, width]`, and of our tensors, `[batch, height, width, channel]`. */
import * as tf from '../../components/tensors/tf'
import type { PlainTensor } from './compare'
import type { GoldenTensor } from './golden-case'

/** A recorded tensor as one of ours; four dimensions are taken for an image's. */
export function toTensor(recorded: GoldenTensor, layout: 'image' | 'plain' = 'image'): tf.Tensor {
  const isFloat = /^B?F\d+$/.test(recorded.dtype)
  const values = isFloat ? Float32Array.from(recorded.values) : Int32Array.from(recorded.values)
  return tf.tidy(() => {
    const tensor = tf.tensor(values, [...recorded.shape], isFloat ? 'float32' : 'int32')
    return layout === 'image' && tensor.rank === 4 ? tensor.transpose([0, 2, 3, 1]) : tensor
  })
}

/** The numbers of a tensor of ours. */
export function toPlain(tensor: tf.Tensor): PlainTensor {
  return { shape: tensor.shape, values: tensor.dataSync() }
}

/** The numbers of a tensor of ours in the layout of the goldens. */
export function toChannelsFirst(tensor: tf.Tensor): PlainTensor {
  if (tensor.rank !== 4) return toPlain(tensor)
  const turned = tensor.transpose([0, 3, 1, 2])
  const plain = toPlain(turned)
  turned.dispose()
  return plain
}

/** Runs layers one after another. */
import * as tf from '../../tensors/tf'

/** A layer from map to map. */
export interface MapLayer {
  forward(x: tf.Tensor4D): tf.Tensor4D
}

/** Gives each layer the map of the one before, and holds no map longer than that: they are what fills the memory. */
export function forwardInOrder(layers: readonly MapLayer[], x: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    let current = x
    for (const layer of layers) {
      const next = layer.forward(current)
      if (current !== x) current.dispose()
      current = next
    }
    return current
  })
}

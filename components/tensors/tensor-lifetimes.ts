/** Hands tensors to the runtime, which disposes those that a run leaves over. */
import * as tf from '@tensorflow/tfjs-core'
import { type ResourceKind, registerResourceKind, trackResource } from '../../src'
import { countNonFiniteAsync } from './non-finite'

const tensorResource: ResourceKind<tf.Tensor> = {
  is: (value): value is tf.Tensor => value instanceof tf.Tensor && !(value instanceof tf.Variable),
  isDisposed: tensor => tensor.isDisposed,
  // A kept tensor belongs to the code that kept it: a scheduler's history, a model's constant.
  dispose: tensor => {
    if (!tensor.kept) tensor.dispose()
  },
  async findNonFinite(tensor) {
    if (tensor.dtype !== 'float32') return undefined
    const values = await tensor.data<'float32'>()
    const wrong = await countNonFiniteAsync(values)
    return wrong === 0 ? undefined : `${wrong} of ${values.length} values that are NaN or infinite`
  },
}

interface TrackingEngine {
  track<T extends tf.Tensor>(tensor: T): T
}

let isConnected = false

/** Makes the runtime the owner of every tensor that is made during a run. Done once, when this package is loaded. */
export function connectTensorLifetimes(): void {
  if (isConnected) return
  isConnected = true
  registerResourceKind(tensorResource)
  // Every tensor passes through the engine's track(), which is how tf.tidy() learns of it.
  const engine = tf.engine() as unknown as TrackingEngine
  const track = engine.track
  engine.track = function <T extends tf.Tensor>(this: TrackingEngine, tensor: T): T {
    trackResource(tensor)
    return track.call(this, tensor) as T
  }
}

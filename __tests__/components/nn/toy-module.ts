/** A small model for the tests of modules, and a checkpoint in memory. */
import * as tf from '@tensorflow/tfjs'
import type { Checkpoint } from '../../../components/checkpoints/checkpoint'
import { Linear } from '../../../components/nn/linear'
import { Module } from '../../../components/nn/module'

/** Doubles its input beside a tuple of the input itself. */
class Pair extends Module {
  forward(x: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D[]] {
    return [tf.tidy(() => x.mul(2)), [x]]
  }
}

/** Two linear layers and a part without weights. */
export class ToyModule extends Module {
  readonly projIn = new Linear(3, 2)
  readonly pair = new Pair()
  readonly layers = [undefined, new Linear(2, 2, { bias: false })] as const

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => this.layers[1].forward(this.pair.forward(this.projIn.forward(x))[0]))
  }
}

/** A checkpoint whose tensors are given as nested arrays. */
export function memoryCheckpoint(
  tensors: Readonly<Record<string, tf.TensorLike>>,
  onRead: (key: string) => void = () => {},
): Checkpoint {
  return {
    path: 'toy.safetensors',
    keys: Object.keys(tensors),
    info: key => ({ dtype: 'F32', shape: shape(tensors[key]), file: 'toy.safetensors', begin: 0, end: 0 }),
    readFloat32: async key => {
      onRead(key)
      return Float32Array.from([tensors[key]].flat(9) as number[])
    },
    readBytes: async () => new Uint8Array(),
    close: async () => {},
  }
}

function shape(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shape(value[0])] : []
}

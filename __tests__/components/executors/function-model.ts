/** A model that computes what a test says, and the comparison of what executors make of it. */
import * as tf from '@tensorflow/tfjs'
import { flattenTree, type TreeLeaf } from '../../../components/backends/recorder/tensor-tree'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import type { Executor } from '../../../components/executors/executor'
import { type ModelCallOptions, PretrainedModel } from '../../../components/models/pretrained-model'
import type { Module } from '../../../components/nn/module'
import { expectClose } from '../../../testing/goldens/compare'
import type { Tolerance } from '../../../testing/goldens/golden-case'

/** Calls go to its executor, which is the eager one unless `useExecutor()` has named another. */
export class FunctionModel<I, O> extends PretrainedModel {
  constructor(
    readonly compute: (inputs: I) => O,
    readonly layers: readonly Module[] = [],
  ) {
    super()
  }

  call(inputs: I, options?: ModelCallOptions): Promise<O> {
    return this.execute('forward', this.compute, inputs, options)
  }
}

/** Fills the parameters of a layer with numbers that are all different. */
export function loadSomeWeights<M extends Module>(layer: M): M {
  for (const [i, parameter] of layer.parameters().entries()) {
    const size = parameter.shape.reduce((product, length) => product * length, 1)
    parameter.load(Float32Array.from({ length: size }, (_, j) => Math.sin(3 * j + i + 1)))
  }
  return layer
}

/** Doubles a list. */
export const makeDoubling = () => new FunctionModel(({ x }: { x: tf.Tensor }) => tf.mul(x, 2))

/** Calls a model with a list of numbers, and takes what comes out. */
export async function takeCall(
  model: FunctionModel<{ x: tf.Tensor }, tf.Tensor>,
  numbers: number[],
): Promise<number[]> {
  const x = tf.tensor1d(numbers)
  const y = await model.call({ x }).finally(() => x.dispose())
  const values = [...y.dataSync()]
  y.dispose()
  return values
}

/** Makes sure that a call on an executor gives what it gives kernel by kernel: names, shapes, types and numbers. */
export async function expectSameAsEager<I, O>(
  executor: Executor,
  model: FunctionModel<I, O>,
  inputs: I,
  tolerance: Tolerance = { atol: 1e-4, rtol: 1e-4 },
): Promise<void> {
  const results: O[] = []
  try {
    for (const one of [eagerExecutor, executor]) results.push(await model.useExecutor(one).call(inputs))
    const [expected, computed] = results.map(result => flattenTree(result))
    expect(computed?.signature).toEqual(expected?.signature)
    const numbers = (leaf: TreeLeaf | undefined) => {
      const tensor = leaf?.tensor as tf.Tensor // A result has no placeholders.
      return { shape: tensor.shape, values: tensor.dataSync<'float32'>() }
    }
    for (const [i, leaf] of expected?.leaves.entries() ?? [])
      expectClose(leaf.name, numbers(computed?.leaves[i]), numbers(leaf), tolerance)
  } finally {
    tf.dispose(results as tf.TensorContainer)
  }
}

/** What a model says that cannot be computed. */
import type * as tf from '@tensorflow/tfjs'
import { GraphExecutionError, ModelMemoryError } from '../../../../components/executors/graph/graph-errors'
import { Linear } from '../../../../components/nn/linear'
import { Module } from '../../../../components/nn/module'
import * as core from '../../../../components/tensors/tf'
import { FunctionModel, loadSomeWeights, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'

const executor = useGraphExecutor()

async function failureOf(model: FunctionModel<{ x: tf.Tensor }, tf.Tensor>): Promise<unknown> {
  try {
    await takeCall(model, [1])
  } catch (error) {
    return error
  } finally {
    model.dispose()
  }
  throw new Error('The call did not fail.')
}

test('a result that no memory holds is an error that names the model and its size', async () => {
  const layer = loadSomeWeights(new Linear(1, 1))
  const huge = ({ x }: { x: tf.Tensor }) => {
    const numbers = core.range(0, 400_000)
    const y = layer.forward<tf.Tensor2D>(x.reshape([1, 1]))
    return numbers
      .reshape([-1, 1])
      .mul(y)
      .add(numbers.reshape([1, -1]))
      .max()
  }
  const error = await failureOf(new FunctionModel(huge, [layer]).useExecutor(executor()))
  expect(error).toBeInstanceOf(ModelMemoryError)
  expect(error).toMatchObject({ code: 'MODEL_MEMORY', model: 'FunctionModel', bytes: 8 })
  expect((error as Error).message).toMatch(
    /^There is not enough memory for FunctionModel, whose weights take 0\.0 MiB\./,
  )
})

/** Looks rows up, whether they exist or not. */
class Lookup extends Module {
  forward(x: tf.Tensor): tf.Tensor {
    return core.gather(core.tensor1d([1, 2]), x.mul(7).toInt() as tf.Tensor1D)
  }
}

test('what the runtime refuses is reported in its words, with the layer', async () => {
  const layer = new Lookup()
  const model = new FunctionModel(({ x }: { x: tf.Tensor }) => layer.forward(x), [layer])
  const error = await failureOf(model.useExecutor(executor()))
  expect(error).toBeInstanceOf(GraphExecutionError)
  expect(error).toMatchObject({ code: 'GRAPH_EXECUTION', layer: 'layers.0' })
  expect((error as Error).message).toMatch(
    /^FunctionModel cannot be run as a graph: the layer layers\.0 was rejected\. ONNX Runtime says: .*indices element out of data bounds/,
  )
})

/** Every kernel that can be recorded computes as a graph what TensorFlow.js computes. */
import * as tf from '@tensorflow/tfjs'
import { operatorWriters } from '../../../../components/backends/onnx/operators'
import { capture } from '../../../../components/backends/recorder/capture'
import { inferences } from '../../../../components/backends/recorder/kernels'
import { expectSameAsEager, FunctionModel } from '../../executors/function-model'
import { useGraphExecutor } from '../../executors/use-graph-executor'
import { arrayCases } from './kernel-cases/arrays'
import { elementwiseCases } from './kernel-cases/elementwise'
import type { KernelCase, TensorData } from './kernel-cases/kernel-case'
import { neuralCases } from './kernel-cases/neural'
import { reductionCases } from './kernel-cases/reductions'

const cases = { ...elementwiseCases, ...arrayCases, ...reductionCases, ...neuralCases }
const executor = useGraphExecutor()

/** A model that computes the case. */
function modelOf({ compute, layer }: KernelCase) {
  const part = layer?.()
  const forward = ({ tensors }: { tensors: tf.Tensor4D[] }) => ({
    results: tf.tidy(() => (part ? part.forward(tensors[0] as tf.Tensor) : compute(...tensors))),
  })
  return new FunctionModel(forward, part && [part])
}

function makeTensor({ values, shape, dtype }: TensorData): tf.Tensor4D {
  return tf.tensor(values, shape as tf.ShapeMap['R4'], dtype)
}

test('every kernel that can be recorded can be written', () => {
  // Those of quantized weights are made of recorded ones.
  const rewritten = ['QuantizedConv2D', 'QuantizedMatMul', 'Conv2DNBits', 'MatMulNBits']
  expect(Object.keys(operatorWriters).sort()).toEqual([...Object.keys(inferences), ...rewritten].sort())
})

test('there are cases for every kernel', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(inferences).sort())
})

describe.each(Object.entries(cases))('%s', (kernel, all) => {
  test.each(all)('$name', async kernelCase => {
    const model = modelOf(kernelCase)
    const tensors = kernelCase.inputs.map(makeTensor)
    try {
      const { graph } = capture(model, { tensors }, model.compute)
      expect(graph.nodes.map(node => node.kernel)).toContain(kernel)
      await expectSameAsEager(executor(), model, { tensors })
    } finally {
      tf.dispose(tensors)
      model.dispose()
    }
  })
})

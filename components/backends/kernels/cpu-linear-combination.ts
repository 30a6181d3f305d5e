/**
 * Sums of scaled tensors on the backend in plain JavaScript, each in one pass over the values. TensorFlow.js makes a pass and a tensor for every
 * factor and every sum, and looks up both operands as if one had to be broadcast: twenty times the cost of the arithmetic.
 */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import * as tf from '../../tensors/tf'

type Values = Float32Array

/** Puts the kernel beside those of the package. A second call does nothing. */
export function registerCpuLinearCombination(): void {
  if (tf.getKernel('LinearCombination', 'cpu') !== undefined) return
  tf.registerKernel({
    kernelName: 'LinearCombination',
    backendName: 'cpu',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const cpu = backend as MathBackendCPU
      const tensors = Object.values(inputs) as tf.TensorInfo[] // Each input is one tensor.
      const values = tensors.map(({ dataId }) => cpu.data.get(dataId).values as Values)
      const { shape } = tensors[0] as tf.TensorInfo
      return cpu.makeTensorInfo(shape, 'float32', combine(attrs?.factors as number[], values))
    },
  })
}

/** `Σ factor · values`. Up to three terms are added in one pass: sums are rounded to float32 only where they are stored. */
function combine(factors: readonly number[], values: readonly Values[]): Values {
  const [a, b, c] = factors as [number, number, number]
  const [x, y, z] = values as [Values, Values, Values]
  switch (values.length) {
    case 1:
      return scale(a, x)
    case 2:
      return addTwo(a, x, b, y)
    case 3:
      return addThree(a, x, b, y, c, z)
    default:
      return combine([1, ...factors.slice(3)], [addThree(a, x, b, y, c, z), ...values.slice(3)])
  }
}

function scale(a: number, x: Values): Values {
  const sum = new Float32Array(x.length)
  for (let i = 0; i < sum.length; i++) sum[i] = a * (x[i] as number)
  return sum
}

function addTwo(a: number, x: Values, b: number, y: Values): Values {
  const sum = new Float32Array(x.length)
  for (let i = 0; i < sum.length; i++) sum[i] = a * (x[i] as number) + b * (y[i] as number)
  return sum
}

function addThree(a: number, x: Values, b: number, y: Values, c: number, z: Values): Values {
  const sum = new Float32Array(x.length)
  for (let i = 0; i < sum.length; i++) sum[i] = a * (x[i] as number) + b * (y[i] as number) + c * (z[i] as number)
  return sum
}

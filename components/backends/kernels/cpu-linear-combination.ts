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

/** `Σ factor · values`, in a new array. */
function combine(factors: readonly number[], values: readonly Values[]): Values {
  const [a, b] = factors as [number, number]
  const [x, y] = values as [Values, Values]
  if (values.length === 1) return addTwo(a / 2, x, a / 2, x)
  const sum = addTwo(a, x, b, y)
  return values.length === 2 ? sum : combine([1, ...factors.slice(2)], [sum, ...values.slice(2)])
}

/** `a · x + b · y`, products and sums rounded to float32 as separate operations round them. Eight at a time, as it takes half the time: V8 looks up the lengths of all arrays in every iteration. */
function addTwo(a: number, x: Values, b: number, y: Values): Values {
  const sum = new Float32Array(x.length)
  const [p, q] = [Math.fround(a), Math.fround(b)]
  const at = (i: number) => Math.fround(Math.fround(p * (x[i] as number)) + Math.fround(q * (y[i] as number)))
  let i = 0
  for (const last = sum.length - 8; i <= last; i += 8) {
    sum[i] = at(i)
    sum[i + 1] = at(i + 1)
    sum[i + 2] = at(i + 2)
    sum[i + 3] = at(i + 3)
    sum[i + 4] = at(i + 4)
    sum[i + 5] = at(i + 5)
    sum[i + 6] = at(i + 6)
    sum[i + 7] = at(i + 7)
  }
  for (; i < sum.length; i++) sum[i] = at(i)
  return sum
}

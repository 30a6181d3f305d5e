/** A function that leads to one kernel, with numbers to compute it on. */
import type * as tf from '@tensorflow/tfjs'
import type { Module } from '../../../../../components/nn/module'

/** Numbers of a tensor that is made when the test runs. */
export interface TensorData {
  values: Float32Array | Int32Array | Uint8Array
  shape: number[]
  dtype: 'float32' | 'int32' | 'bool'
}

/** Takes the tensors of a case in their order. Those of another rank than 4 are as good to the functions of TensorFlow.js. */
export type Compute = (...tensors: tf.Tensor4D[]) => tf.Tensor | tf.Tensor[]

/** One line of a table: what is particular about it, the tensors, and what is computed with them. */
export interface KernelCase {
  name: string
  inputs: readonly TensorData[]
  compute: Compute
  /** Makes the layer that computes in its place, where there are weights. */
  layer?: () => Module & { forward(x: tf.Tensor): tf.Tensor }
}

/** The lines for each kernel. */
export type KernelCases = Readonly<Record<string, readonly KernelCase[]>>

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1)

/** Floats between two bounds, all different, in no order. */
export function floats(shape: number[], from = -2, to = 2): TensorData {
  const size = sizeOf(shape)
  const values = Float32Array.from({ length: size }, (_, i) => from + (to - from) * ((0.5 + i * 0.618034) % 1))
  return { values, shape, dtype: 'float32' }
}

/** Whole numbers from one up to another, not included. */
export function ints(shape: number[], from = -5, to = 6): TensorData {
  const values = Int32Array.from({ length: sizeOf(shape) }, (_, i) => from + ((i * 7 + 3) % (to - from)))
  return { values, shape, dtype: 'int32' }
}

/** Yes and no in no order. */
export function bools(shape: number[]): TensorData {
  const values = Uint8Array.from({ length: sizeOf(shape) }, (_, i) => ((i * i + i) % 3 === 0 ? 1 : 0))
  return { values, shape, dtype: 'bool' }
}

/** A list of these numbers. */
export function given(...numbers: number[]): TensorData {
  return { values: Float32Array.from(numbers), shape: [numbers.length], dtype: 'float32' }
}

/** A line of a table. */
export function line(name: string, inputs: readonly TensorData[], compute: Compute): KernelCase {
  return { name, inputs, compute }
}

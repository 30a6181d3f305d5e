/** Tensors in saved states. */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { type ArrayDType, SavedArray, type ValueKind } from '../../src'
import { printableName } from '../../src/errors/printable'
import { explainMismatch } from '../../src/params/schema'

/** How the numbers of a tensor are in a file. Half and bfloat16 tensors, which TensorFlow.js has not, come as float32. */
const ARRAY_DTYPES: Readonly<Record<string, ArrayDType>> = {
  float32: 'F32',
  int32: 'I32',
  bool: 'BOOL',
  complex64: 'F32',
}

/** Dimensions of a tensor of TensorFlow.js. */
const MOST_DIMENSIONS = 6

interface SavedTensor {
  readonly dtype: keyof tf.DataTypeMap
  readonly shape: number[]
  /** Of text, the texts; of others, the numbers; of complex ones, the real and imaginary part in turn. */
  readonly values: SavedArray | string[]
}

/** Tensors of every type. They are read from the device when the state is saved, and belong to the caller when it is loaded. */
export const tensorKind: ValueKind<tf.Tensor> = {
  name: 'Tensor',
  is: (value): value is tf.Tensor => value instanceof tf.Tensor,
  async save(tensor): Promise<SavedTensor> {
    const { dtype, shape } = tensor
    const values = await tensor.data<keyof tf.DataTypeMap>()
    const type = ARRAY_DTYPES[dtype]
    // Text alone comes as a list.
    if (type === undefined) return { dtype, shape, values: [...(values as unknown as string[])] }
    const full = dtype === 'complex64' ? [...shape, 2] : shape
    return { dtype, shape, values: new SavedArray(type, full, values as Float32Array) }
  },
  load(saved) {
    const { dtype, shape, values } = parseSaved(saved)
    // TensorFlow.js registers a tensor before it looks at the texts.
    if (!(values instanceof SavedArray)) return tf.tensor(values, shape, dtype)
    const { data } = values
    // A copy, which begins at a multiple of its elements' size.
    const { buffer } = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    if (dtype === 'int32') return tf.tensor(new Int32Array(buffer), shape, dtype)
    if (dtype === 'bool') return tf.tensor(new Uint8Array(buffer), shape, dtype)
    const floats = new Float32Array(buffer)
    if (dtype !== 'complex64') return tf.tensor(floats, shape, dtype)
    const part = (offset: number) =>
      tf.tensor(
        floats.filter((_, i) => i % 2 === offset),
        shape,
      )
    return tf.tidy(() => tf.complex(part(0), part(1)))
  },
}

const sizes = z.array(z.int().min(0)).max(MOST_DIMENSIONS)
const schema = z.strictObject({
  dtype: z.enum(['float32', 'int32', 'bool', 'complex64', 'string']),
  shape: sizes,
  values: z.union([z.instanceof(SavedArray), z.array(z.string())]),
})

/** What save() has made. @throws Error for anything else, before a tensor is made */
function parseSaved(saved: unknown): SavedTensor {
  const parsed = schema.safeParse(saved)
  if (!parsed.success) throw new Error(`a tensor is invalid: ${explainMismatch(parsed.error)}`)
  const { dtype, shape, values } = parsed.data
  const full = dtype === 'complex64' ? [...shape, 2] : shape
  const [type, sizes] = values instanceof SavedArray ? [values.dtype, values.shape] : ['string', [values.length]]
  const fits = type === (ARRAY_DTYPES[dtype] ?? 'string') && numberOfValues(sizes) === numberOfValues(full)
  if (!fits)
    throw new Error(`a tensor of ${dtype} [${printableName(shape.join(', '))}] does not match its stored values`)
  return { dtype, shape, values }
}

function numberOfValues(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

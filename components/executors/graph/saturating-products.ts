/**
 * Whether products of 8-bit integers saturate. Processors without VNNI add two of them in 16 bits, where large ones do not fit: results are wrong, and nothing says so.
 * ONNX Runtime has slower kernels that are exact, but takes them only when it is told to.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, NodeProtoSchema, TensorProto_DataType } from '../../backends/onnx/generated/onnx_pb'
import { MICROSOFT } from '../../backends/onnx/onnx-builder'
import { inlineTensor, valueInfo } from '../../backends/onnx/tensor-proto'
import { OPSETS } from '../../backends/onnx/write-onnx'
import type { RuntimeProcess } from './runtime-process'

/** What ONNX Runtime is told to compute exactly where products saturate. Where they do not, it would only be slower. */
export const EXACT_PRODUCTS = { x64quantprecision: '1' } as const

/** Sizes of the product that is tried. */
const [WIDTH, COLUMNS] = [64, 16]

/** The largest weight of 8 bits. With inputs of 255, two products are more than 16 bits hold. */
const LARGEST = 127

/** The number of the session. Those of models count from zero. */
const SESSION = -1

/** The answer. The processor is the same for every process of the runtime. */
let saturates: boolean | undefined

/** Tries a product in a process of the runtime, once. @throws RuntimeFailure, RuntimeEnd */
export async function productsSaturate(runtime: RuntimeProcess): Promise<boolean> {
  // Others do not add in 16 bits.
  if (process.arch !== 'x64') return false
  if (saturates !== undefined) return saturates
  await runtime.create(SESSION, productOfLargest(), { intraOpNumThreads: 1, logSeverityLevel: 4 })
  try {
    const ones = { dtype: 'float32', shape: [1, WIDTH], data: new Float32Array(WIDTH).fill(1) } as const
    const [result] = await runtime.run(SESSION, { x: ones }, ['y'])
    const least = Math.min(...(result?.data ?? []))
    saturates = least < 0.99 * WIDTH * LARGEST
    return saturates
  } finally {
    await runtime.release(SESSION)
  }
}

/** Forgets the answer, for tests. */
export function forgetProducts(): void {
  saturates = undefined
}

/** An ONNX model that multiplies a row of floats by the largest weights, in 8 bits. */
function productOfLargest(): Uint8Array {
  const { INT8, FLOAT } = TensorProto_DataType
  const weights = new Int8Array(WIDTH * COLUMNS).fill(LARGEST)
  const rounding = { opType: 'DynamicQuantizeLinear', input: ['x'], output: ['values', 'scale', 'zero'] }
  const product = {
    opType: 'MatMulIntegerToFloat',
    domain: MICROSOFT,
    input: ['values', 'weights', 'scale', 'one', 'zero'],
    output: ['y'],
  }
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      ...OPSETS,
      graph: {
        name: 'product',
        node: [rounding, product].map(node => create(NodeProtoSchema, node)),
        initializer: [
          inlineTensor('weights', [WIDTH, COLUMNS], INT8, weights),
          inlineTensor('one', [1], FLOAT, Float32Array.of(1)),
        ],
        input: [valueInfo('x', { shape: [1, WIDTH], dtype: 'float32' })],
        output: [valueInfo('y', { shape: [1, COLUMNS], dtype: 'float32' })],
      },
    }),
  )
}

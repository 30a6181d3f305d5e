/**
 * Values of tensors of the `cpu` backend that are computed when they are read, or when the running code ends. By then
 * many of the intermediate ones are disposed. Those are never made into arrays, and all others are computed together,
 * block by block in the processor's cache. The
 * arrays of operands are kept as they are until then: code that writes into one meanwhile changes the result.
 */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import type * as tf from '../../tensors/tf'
import { addressOf, LANES, sharedVectors, VECTOR_BLOCK, type Vectors } from './vectors'

type Values = Float32Array

/** An operation on a block. It gets the addresses of its result and its operands, see {@link addressOf}. */
export type Operation = (vectors: Vectors, count: number, out: number, operands: readonly number[]) => void

/** What is deferred at most: operations, and values in all of them. */
const MOST_OPERATIONS = 32
const MOST_VALUES = 2 ** 24

/** What the backend knows of a tensor, in place of its own record. The values are not to be had before they are asked for. */
export class DeferredValues {
  readonly dtype = 'float32'
  /** How many tensors there are of these values. The backend counts. */
  refCount = 1
  /** Whether something else is made of these values. */
  isNeeded = false
  private computed: Values | undefined

  constructor(
    readonly size: number,
    readonly operation: Operation,
    public operands: readonly (Values | DeferredValues)[],
  ) {}

  /** The values. */
  get values(): Values {
    if (this.computed === undefined) computeDeferred()
    return this.computed as Values // Everything is computed that has a tensor.
  }

  /** The values if they exist, otherwise what will have them. */
  get source(): Values | DeferredValues {
    return this.computed ?? this
  }

  /** Takes the values, and releases what they were made of. */
  settle(values: Values): void {
    this.computed = values
    this.operands = []
  }
}

/** Those that are not computed, in the order in which they were asked for: each comes after its operands. All have the same size. */
let deferred: DeferredValues[] = []
let isScheduled = false

/** A tensor of the first one's shape, by an operation on tensors of equal shapes. */
export function deferTensor(
  cpu: MathBackendCPU,
  inputs: readonly tf.TensorInfo[],
  operation: Operation,
): tf.TensorInfo {
  const { shape } = inputs[0] as tf.TensorInfo
  const operands = inputs.map(({ dataId }) => operandOf(cpu.data.get(dataId)))
  const size = shape.reduce((product, length) => product * length, 1)
  const values = new DeferredValues(size, operation, operands)
  if (deferred.length > 0 && (deferred[0] as DeferredValues).size !== size) computeDeferred()
  deferred.push(values)
  if (deferred.length === MOST_OPERATIONS || deferred.length * size > MOST_VALUES) computeDeferred()
  else if (!isScheduled) {
    isScheduled = true
    queueMicrotask(computeLeftOver)
  }
  const dataId = {}
  cpu.data.set(dataId, values)
  return { dataId, shape, dtype: 'float32' }
}

function operandOf(data: ReturnType<MathBackendCPU['data']['get']>): Values | DeferredValues {
  if (data instanceof DeferredValues) return data.source
  const { values } = data
  return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>)
}

/** Tensors that outlive the running code get their values before anything can change those that they are made of. */
function computeLeftOver(): void {
  isScheduled = false
  try {
    computeDeferred()
  } catch {
    // Memory is exhausted. Reading the values reports it.
  }
}

/** Computes what has a tensor. */
function computeDeferred(): void {
  const needed = withOperands(deferred)
  const held: (Values | DeferredValues)[] = []
  const place = (source: Values | DeferredValues): number => {
    const found = held.indexOf(source)
    return found < 0 ? held.push(source) - 1 : found
  }
  const steps = needed.map(values => ({
    operands: values.operands.map(operand => addressOf(place(sourceOf(operand)))),
    out: addressOf(place(values)),
    operation: values.operation,
  }))
  const vectors = sharedVectors(held.length)
  const size = needed[0]?.size ?? 0
  const reads: Copy[] = []
  const writes: Copy[] = []
  held.forEach((source, i) => {
    const block = vectors.blocks[i] as Values
    if (source instanceof Float32Array) reads.push({ array: source, block })
    else if (source.refCount > 0) writes.push({ array: new Float32Array(size), block, of: source })
  })
  for (let begin = 0; begin < size; begin += VECTOR_BLOCK) {
    const count = Math.min(VECTOR_BLOCK, size - begin)
    for (const { array, block } of reads) block.set(array.subarray(begin, begin + count))
    const padded = Math.ceil(count / LANES) * LANES
    for (const { operation, out, operands } of steps) operation(vectors, padded, out, operands)
    for (const { array, block } of writes) array.set(count === VECTOR_BLOCK ? block : block.subarray(0, count), begin)
  }
  for (const { array, of } of writes) of?.settle(array)
  deferred = []
}

/** An array, and the block that takes its place. */
interface Copy {
  readonly array: Values
  readonly block: Values
  /** What the array is computed for. */
  readonly of?: DeferredValues
}

/** Those that have a tensor, and what they are made of, in the given order. */
function withOperands(all: readonly DeferredValues[]): DeferredValues[] {
  const needed = all.toReversed().filter(values => {
    if (values.refCount <= 0 && !values.isNeeded) return false
    for (const operand of values.operands) if (operand instanceof DeferredValues) operand.isNeeded = true
    return true
  })
  return needed.reverse()
}

function sourceOf(operand: Values | DeferredValues): Values | DeferredValues {
  return operand instanceof DeferredValues ? operand.source : operand
}

/** How many bytes the weights of a large model take in a session. Only counted: none of them is there. */
import { totalmem } from 'node:os'
import type * as tf from '@tensorflow/tfjs'
import { GraphExecutor } from '../../../../components/executors/graph/graph-executor'
import { weightLayout } from '../../../../components/executors/graph/weight-layout'
import { widenedBytesIn } from '../../../../components/executors/graph/widened-bytes'
import { Parameter } from '../../../../components/nn/parameter'
import { InvalidByteSizeError } from '../../../../src/errors/invalid-byte-size-error'
import { ComponentsManager } from '../../../../src/manager/components-manager'
import { FunctionModel } from '../function-model'

const SIZE = 2 ** 27
const FULL = 4 * SIZE

function stored(dtype: 'F32' | 'F16', bytes: number): Parameter {
  const parameter = new Parameter([SIZE])
  parameter.bind({ dtype, shape: [SIZE], file: 'model.safetensors', begin: 0, end: bytes })
  return parameter
}

test.each([
  ['of full precision lie there as they are', [stored('F32', FULL)], FULL],
  ['from no file do so too', [new Parameter([SIZE])], FULL],
  ['of half precision lie there so, but for a third that is widened', [stored('F16', FULL / 2)], FULL / 2 + FULL / 6],
])('weights %s', (_what, weights, bytes) => {
  expect(weightLayout(weights, FULL).bytes).toBeCloseTo(bytes)
  expect(weightLayout(weights, undefined)).toMatchObject({ bytes: FULL, keepHalf: false })
})

test('no more is widened than there is memory for', () => {
  const weights = [stored('F16', FULL / 2)]
  expect(weightLayout(weights, FULL / 8)).toMatchObject({ bytes: FULL / 2 + FULL / 16, widenedBytes: FULL / 8 })
  expect(weightLayout(weights, 0)).toMatchObject({ bytes: FULL / 2, keepHalf: true })
})

test('the memory for it is an eighth of what the machine has, or of a limit below that', () => {
  const [half, none] = [new GraphExecutor({ widenedBytes: FULL / 8 }), new GraphExecutor({ widenedBytes: 0 })]
  const model = new FunctionModel((x: tf.Tensor) => x.add(0), [])
  model.parameters = () => [stored('F16', FULL / 2)]
  expect(none.weightBytes(model)).toBe(FULL / 2)
  expect(half.weightBytes(model)).toBe(FULL / 2 + FULL / 16)
  half.limitMemory(FULL / 2)
  expect(half.weightBytes(model)).toBe(FULL / 2 + FULL / 32)
  // A limit above the one that holds changes nothing.
  half.limitMemory(FULL)
  expect(half.weightBytes(model)).toBe(FULL / 2 + FULL / 32)
  expect(widenedBytesIn()).toBeLessThanOrEqual(totalmem() / 8)
  expect(widenedBytesIn()).toBeGreaterThan(0)
  expect(() => new GraphExecutor({ widenedBytes: -1 })).toThrow(InvalidByteSizeError)
})

test('the limit of a components manager is one', () => {
  const model = new FunctionModel((x: tf.Tensor) => x.add(0), []).useExecutor(
    new GraphExecutor({ widenedBytes: FULL / 8 }),
  )
  model.parameters = () => [stored('F16', FULL / 2)]
  const manager = new ComponentsManager()
  manager.add('unet', model)
  expect(model.memoryFootprint).toBe(FULL / 2 + FULL / 16)
  manager.enableAutoCpuOffload({ limit: FULL / 2 })
  expect(model.memoryFootprint).toBe(FULL / 2 + FULL / 32)
  // It follows the model to another executor.
  model.useExecutor(new GraphExecutor({ widenedBytes: FULL / 8 }))
  expect(model.memoryFootprint).toBe(FULL / 2 + FULL / 32)
})

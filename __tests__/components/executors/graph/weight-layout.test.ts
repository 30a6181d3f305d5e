/** How many bytes the weights of a large model take in a session. Only counted: none of them is there. */
import { weightLayout } from '../../../../components/executors/graph/graph-session'
import { Parameter } from '../../../../components/nn/parameter'

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
  ['of half precision lie there so, but for some that are widened', [stored('F16', FULL / 2)], FULL / 2 + FULL / 6],
])('weights %s', (_what, weights, bytes) => {
  expect(weightLayout(weights, true).bytes).toBeCloseTo(bytes)
  expect(weightLayout(weights, false).bytes).toBe(FULL)
})

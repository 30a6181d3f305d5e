/** Graphs that the runtime has optimised are kept for later processes, where a folder is named. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GraphExecutor } from '../../../../components/executors/graph/graph-executor'
import { Linear } from '../../../../components/nn/linear'
import type * as tf from '../../../../components/tensors/tf'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { FunctionModel, loadSomeWeights, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'

const folder = useTemporaryFolder()
const kept = () => join(folder(), 'optimised models')
useGraphExecutor()

/** A layer on lists of four numbers, on an executor of its own that keeps what is optimised. */
function makeModel(seed = 0, optimizedModelFolder = kept()) {
  const layer = loadSomeWeights(new Linear(4, 2))
  if (seed !== 0) layer.bias?.load(Float32Array.of(seed, seed))
  const compute = ({ x }: { x: tf.Tensor }) => layer.forward<tf.Tensor2D>(x.reshape([1, 4])).flatten()
  const keeping = new GraphExecutor({ threads: 1, optimizedModelFolder })
  return new FunctionModel<{ x: tf.Tensor }, tf.Tensor>(compute, [layer]).useExecutor(keeping)
}

async function computeOnce(seed?: number, optimizedModelFolder?: string): Promise<number[]> {
  const model = makeModel(seed, optimizedModelFolder)
  try {
    return await takeCall(model, [1, 2, 3, 4])
  } finally {
    model.dispose()
  }
}

test('the second time it is read, and gives the same', async () => {
  const first = await computeOnce()
  const [file = ''] = readdirSync(kept())
  expect(file).toMatch(/^[0-9a-f]{64}\.onnx$/)
  const { mtimeMs } = statSync(join(kept(), file))
  expect(await computeOnce()).toEqual(first)
  expect(readdirSync(kept())).toEqual([file])
  expect(statSync(join(kept(), file)).mtimeMs).toBe(mtimeMs)
})

test('other weights are another graph', async () => {
  const first = await computeOnce()
  const second = await computeOnce(5)
  expect(second).not.toEqual(first)
  expect(readdirSync(kept())).toHaveLength(2)
})

test('one that is damaged is made again', async () => {
  const first = await computeOnce()
  const file = join(kept(), readdirSync(kept())[0] as string)
  const size = readFileSync(file).length
  writeFileSync(file, 'not a graph')
  expect(await computeOnce()).toEqual(first)
  expect(readFileSync(file)).toHaveLength(size)
})

test('a folder that cannot be made costs nothing but time', async () => {
  writeFileSync(kept(), 'a file')
  expect(await computeOnce()).toHaveLength(2)
})

// A folder of the system, in which not even the root user may make files.
const onLinux = process.platform === 'linux' ? test : test.skip
onLinux('a folder that cannot be written to costs nothing but time', async () => {
  expect(await computeOnce(0, '/proc/self/fdinfo')).toHaveLength(2)
})

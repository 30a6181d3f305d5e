import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { type NodeProto, TensorProto_DataType } from '../../../../components/backends/onnx/generated/onnx_pb'
import {
  encodeOnnx,
  type WriteOnnxOptions,
  writeOnnx,
  writeOnnxLoop,
} from '../../../../components/backends/onnx/write-onnx'
import { capture } from '../../../../components/backends/recorder/capture'
import { TensorPlaceholder } from '../../../../components/backends/recorder/tensor-tree'
import type { TensorInfo } from '../../../../components/checkpoints/checkpoint'
import { openCheckpoint } from '../../../../components/checkpoints/open-checkpoint'
import { sessionHost } from '../../../../components/executors/graph/session-host'
import type { UNet2DConditionInputs } from '../../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { Linear } from '../../../../components/nn/linear'
import { loadStateDict } from '../../../../components/nn/load-state-dict'
import { expectClose } from '../../../../testing/goldens/compare'
import { emojiFolder } from '../../../blocks/use-emoji-model'
import { FunctionModel } from '../../executors/function-model'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const folder = join(emojiFolder, 'unet')
const weights = 'diffusion_pytorch_model.safetensors'
const locate = ({ begin, end }: TensorInfo) => ({ file: weights, begin, end })

/** The UNet with its weights left in their file. */
async function loadUnet(): Promise<UNet2DConditionModel> {
  const model = await UNet2DConditionModel.fromPretrained(folder, { executor: 'graph' })
  expect(model.convIn.weight.source).toBeDefined()
  return model
}

async function writeUnet(options: Partial<WriteOnnxOptions> = {}) {
  const model = await loadUnet()
  const inputs = {
    sample: new TensorPlaceholder([2, 16, 16, 4]),
    timestep: new TensorPlaceholder([1]),
    encoderHiddenStates: new TensorPlaceholder([2, 24, 128]),
  } as unknown as UNet2DConditionInputs
  const { graph } = capture(model, inputs, given => model.forward(given))
  const written = writeOnnx(graph, { locate, ...options })
  model.dispose()
  if (written.graph === undefined) throw new Error('The model has no graph.')
  return { written, graph: written.graph }
}

/** What stands before and behind an operator. */
function neighbours(nodes: readonly NodeProto[], node: NodeProto) {
  const before = nodes.filter(({ output }) => output.some(name => node.input.includes(name)))
  const behind = nodes.filter(({ input }) => input.some(name => node.output.includes(name)))
  return { before: before.map(({ opType }) => opType), behind: behind.map(({ opType }) => opType) }
}

test('a graph is written in pieces, at least one for each kernel', async () => {
  const model = new FunctionModel(({ x }: { x: tf.Tensor }) => x.mul(2).add(1).relu())
  const { graph } = capture(model, { x: new TensorPlaceholder([1, 4]) } as never, model.compute as never)
  expect(graph.nodes.length).toBeGreaterThanOrEqual(3)
  expect([...writeOnnxLoop(graph, { locate })].length).toBeGreaterThanOrEqual(graph.nodes.length)
})

describe('the emoji UNet as ONNX', () => {
  test('has maps channels-first throughout: they are transposed beside tokens, inputs and results alone', async () => {
    const { graph } = await writeUnet()
    const transposes = graph.node.filter(({ opType }) => opType === 'Transpose')
    expect(graph.node.filter(({ opType }) => opType === 'Conv').length).toBeGreaterThan(20)
    expect(transposes.length).toBeGreaterThan(0)
    for (const node of transposes) {
      const { before, behind } = neighbours(graph.node, node)
      const atInput = graph.input.some(({ name }) => node.input.includes(name))
      const atResult = behind.every(type => type === 'Identity')
      expect(atInput || atResult || [...before, ...behind].includes('Reshape')).toBe(true)
    }
  })

  test('refers to the weights where they lie, and holds none', async () => {
    const { written, graph } = await writeUnet()
    const checkpoint = await openCheckpoint(folder, { weightsName: 'diffusion_pytorch_model' })
    const place = (name: string) => {
      const rows = /^(.*)\[(\d+):(\d+)\]$/.exec(name)
      const { shape, begin, end } = checkpoint.info(rows?.[1] ?? name)
      const row = (end - begin) / (shape[0] as number)
      const [first, last] = rows ? [Number(rows[2]), Number(rows[3])] : [0, shape[0] as number]
      return { location: weights, offset: String(begin + first * row), length: String((last - first) * row) }
    }
    const external = graph.initializer.filter(({ externalData }) => externalData.length > 0)
    for (const { name, externalData, rawData } of external) {
      expect(Object.fromEntries(externalData.map(({ key, value }) => [key, value]))).toEqual(place(name))
      expect(rawData).toHaveLength(0)
    }
    const names = external.map(({ name }) => name.replace(/\[.*\]$/, ''))
    expect([...new Set(names)].sort()).toEqual([...checkpoint.keys].sort())
    await checkpoint.close()
    expect(encodeOnnx(written).length).toBeLessThan(500_000)
  })

  test('widens weights of half precision', async () => {
    const { graph } = await writeUnet()
    const half = graph.initializer.filter(({ dataType }) => dataType === TensorProto_DataType.FLOAT16)
    expect(half.length).toBeGreaterThan(100)
    for (const { name } of half) {
      const users = graph.node.filter(({ input }) => input.includes(name))
      expect(users.map(({ opType }) => opType)).toEqual(['Cast'])
    }
  })

  test('names its inputs, its result and the layers of its operators', async () => {
    const { graph } = await writeUnet()
    expect(graph.name).toBe('UNet2DConditionModel')
    expect(graph.input.map(({ name }) => name)).toEqual(['encoderHiddenStates', 'sample', 'timestep'])
    expect(graph.output.map(({ name }) => name)).toEqual(['output'])
    expect(graph.node.map(({ name }) => name)).toContainEqual(
      expect.stringMatching(/^down_blocks\.0\.resnets\.0\.conv1\/Conv_\d+$/),
    )
  })

  test('offers weights of half precision as inputs where they are to stay so', async () => {
    const { graph } = await writeUnet({ keepHalf: ({ size }) => size >= 65536 })
    const sizeOf = (dims: readonly bigint[]) => dims.reduce((size, length) => size * Number(length), 1)
    const offered = new Set(graph.input.slice(3).map(({ name }) => name))
    // Parts of a weight stay as the whole does.
    const whole = graph.initializer.filter(({ dataType, name }) => {
      return dataType === TensorProto_DataType.FLOAT16 && !name.includes('[')
    })
    const large = whole.filter(({ dims }) => sizeOf(dims) >= 65536)
    expect(large.length).toBeGreaterThan(10)
    expect(large.length).toBeLessThan(graph.initializer.length / 2)
    expect(whole.filter(({ name }) => offered.has(name))).toEqual(large)
    const parts = graph.initializer.filter(({ name }) => name.includes('[') && !name.includes('.bias'))
    expect(parts.length).toBeGreaterThan(0)
    expect(parts.every(({ name }) => offered.has(name))).toBe(true)
    expect(offered.size).toBe(large.length + parts.length)
  })
})

/** A layer of the UNet whose result is cut into a part to be gated and its gate, with its weights left in their file. */
async function loadGate(): Promise<Linear> {
  const key = 'mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.'
  const checkpoint = await openCheckpoint(folder, { weightsName: 'diffusion_pytorch_model' })
  const [outFeatures = 0, inFeatures = 0] = checkpoint.info(`${key}weight`).shape
  const layer = new Linear(inFeatures, outFeatures)
  const rename = (name: string) => (name.startsWith(key) ? name.slice(key.length) : null)
  await loadStateDict(layer, checkpoint, { lazy: true, rename })
  await checkpoint.close()
  return layer
}

describe('a linear layer whose result is cut into parts', () => {
  test('becomes one product for each part, with the rows of the weight that it needs', async () => {
    const proj = await loadGate()
    const { inFeatures, outFeatures } = proj
    const half = outFeatures / 2
    const forward = (x: tf.Tensor) =>
      tf.tidy(() => {
        const [value, gate] = tf.split(proj.forward(x), 2, -1) as [tf.Tensor, tf.Tensor]
        return tf.mul(value, tf.sigmoid(gate))
      })
    const model = new FunctionModel(forward, [proj])
    const x = tf.tidy(() => tf.sin(tf.range(0, 3 * inFeatures)).reshape([1, 3, inFeatures]))
    const { graph } = capture(model, x, forward)
    const written = writeOnnx(graph, { locate })
    const nodes = written.graph?.node ?? []
    expect(nodes.filter(({ opType }) => opType === 'Gemm')).toHaveLength(2)
    expect(nodes.filter(({ opType }) => opType === 'Split')).toHaveLength(0)
    const parts = written.graph?.initializer.filter(({ externalData }) => externalData.length > 0) ?? []
    const source = proj.weight.source as TensorInfo
    const middle = (source.begin + source.end) / 2
    expect(parts.map(({ name, dims }) => [name, dims.map(Number)])).toEqual([
      [`layers.0.weight[0:${half}]`, [half, inFeatures]],
      [`layers.0.bias[0:${half}]`, [half]],
      [`layers.0.weight[${half}:${outFeatures}]`, [half, inFeatures]],
      [`layers.0.bias[${half}:${outFeatures}]`, [half]],
    ])
    const offsets = parts.map(({ externalData }) => externalData.find(({ key }) => key === 'offset')?.value)
    expect([offsets[0], offsets[2]]).toEqual([source.begin, middle].map(String))
    model.dispose()
    x.dispose()
  })

  test.each([false, true])('gives the same numbers, with weights that stay as they are: %s', async keepHalf => {
    const proj = await loadGate()
    const forward = (x: tf.Tensor) => tf.tidy(() => tf.split(proj.forward(x), 2, -1))
    const model = new FunctionModel(forward, [proj])
    const x = tf.tidy(() => tf.sin(tf.range(0, 3 * proj.inFeatures)).reshape([3, proj.inFeatures]))
    const { graph } = capture(model, x, forward)
    const session = 1e9 + Number(keepHalf)
    const extra = { session: { model_external_initializers_file_folder_path: folder } }
    const options = { extra, logSeverityLevel: 3 } as const
    const encoded = encodeOnnx(writeOnnx(graph, { locate, keepHalf: () => keepHalf }))
    const data = x.dataSync<'float32'>() as Float32Array<ArrayBuffer>
    const feeds = { input: { dtype: 'float32', shape: x.shape, data } } as const
    const fetches = graph.outputs.map(({ name }) => name)
    const results = await sessionHost.use(async process => {
      await process.create(session, encoded, options)
      const computed = await process.run(session, feeds, fetches)
      await process.release(session)
      return computed
    })
    const expected = forward(x)
    for (const [i, tensor] of expected.entries()) {
      const computed = { shape: results[i]?.shape ?? [], values: results[i]?.data ?? [] }
      const recorded = { shape: tensor.shape, values: tensor.dataSync<'float32'>() }
      expectClose(`part ${i}`, computed, recorded, { atol: 1e-4, rtol: 1e-4 })
    }
    tf.dispose([x, expected])
    model.dispose()
  })
})

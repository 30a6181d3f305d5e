/** Exported models are whole: the plain runtime runs them, and gives what the layers do. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Linear } from '../../../../components/nn/linear'
import { loadStateDict } from '../../../../components/nn/load-state-dict'
import { Module } from '../../../../components/nn/module'
import * as tf from '../../../../components/tensors/tf'
import {
  exportOnnx,
  SafetensorsFile,
  TensorPlaceholder,
  UNet2DConditionModel,
  UnwritableFileError,
  writeSafetensors,
} from '../../../../index'
import * as writing from '../../../../src/files/write-file-atomically'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { runScript } from '../../executors/run-script'
import { goldenModel } from '../../executors/software-gpu'

const folder = useTemporaryFolder()

/** Layers of more than 32 MiB of weights. */
class Large extends Module {
  readonly first = new Linear(2048, 4096, { bias: false })
  readonly second = new Linear(4096, 2)

  forward({ rows }: { rows: tf.Tensor2D }): tf.Tensor2D {
    return this.second.forward(this.first.forward(rows))
  }
}

/** Runs a file in ONNX Runtime alone. */
function runFile(file: string, feeds: Readonly<Record<string, { shape: number[]; values: number[] }>>) {
  return runScript<Record<string, { shape: number[]; values: number[] }>>(`
    const { InferenceSession, Tensor } = require('onnxruntime-node')
    const session = await InferenceSession.create(${JSON.stringify(file)})
    const feeds = {}
    for (const [name, { shape, values }] of Object.entries(${JSON.stringify(feeds)})) feeds[name] = new Tensor('float32', values, shape)
    const results = await session.run(feeds)
    return Object.fromEntries(Object.entries(results).map(([name, { dims, data }]) => [name, { shape: dims, values: [...data] }]))`)
}

test('a UNet is one file, with the names and the order of dimensions of PyTorch', async () => {
  const model = await UNet2DConditionModel.fromPretrained(goldenModel('unet_sd15'), { executor: 'eager' })
  const file = join(folder(), 'the unet.onnx')
  const inputs = {
    sample: new TensorPlaceholder([2, 8, 6, 4]),
    timestep: new TensorPlaceholder([1]),
    encoderHiddenStates: new TensorPlaceholder([2, 5, 32]),
  }
  const forward = (given: object) => ({ outSample: model.forward(given as Parameters<typeof model.forward>[0]) })
  const { weights } = await exportOnnx<object>({ model, forward, inputs }, file)
  expect(weights).toBeUndefined()
  expect(readdirSync(folder())).toEqual(['the unet.onnx'])

  const [sample, embeds] = [tf.sin(tf.range(0, 2 * 8 * 6 * 4)), tf.cos(tf.range(0, 2 * 5 * 32))]
  const map = sample.reshape<tf.Tensor4D>([2, 4, 8, 6])
  const expected = tf.tidy(() =>
    model
      .forward({ sample: map.transpose([0, 2, 3, 1]), timestep: 7, encoderHiddenStates: embeds.reshape([2, 5, 32]) })
      .transpose([0, 3, 1, 2]),
  )
  const { out_sample: result } = await runFile(file, {
    sample: { shape: [2, 4, 8, 6], values: [...sample.dataSync()] },
    timestep: { shape: [1], values: [7] },
    encoder_hidden_states: { shape: [2, 5, 32], values: [...embeds.dataSync()] },
  })
  expect(result?.shape).toEqual([2, 4, 8, 6])
  const differences = [...expected.dataSync()].map((value, i) => Math.abs(value - (result?.values[i] ?? Number.NaN)))
  expect(Math.max(...differences)).toBeLessThan(2e-4)
  tf.dispose([sample, embeds, map, expected])
  model.dispose()
})

test('large weights from files are in a second file beside the model', async () => {
  const source = join(folder(), 'weights.safetensors')
  const ramp = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i) / 64)
  await writeSafetensors(source, {
    'first.weight': { dtype: 'F32', shape: [4096, 2048], data: ramp(4096 * 2048) },
    'second.weight': { dtype: 'F32', shape: [2, 4096], data: ramp(2 * 4096) },
    'second.bias': { dtype: 'F32', shape: [2], data: ramp(2) },
  })
  const model = new Large()
  const checkpoint = await SafetensorsFile.open(source)
  await loadStateDict(model, checkpoint, { lazy: true })
  await checkpoint.close()
  const file = join(folder(), 'large.onnx')
  const inputs = { rows: new TensorPlaceholder([1, 2048]) }
  const forward = (given: object) => ({ columns: model.forward(given as { rows: tf.Tensor2D }) })
  const { weights } = await exportOnnx<object>({ model, forward, inputs }, file)
  expect(weights).toBe(`${file}.data`)
  const rows = tf.sin(tf.range(0, 2048)).reshape<tf.Tensor2D>([1, 2048])
  const expected = model.forward({ rows })
  const { columns } = await runFile(file, { rows: { shape: [1, 2048], values: [...rows.dataSync()] } })
  for (const [i, value] of [...expected.dataSync()].entries()) expect(columns?.values[i]).toBeCloseTo(value, 3)
  tf.dispose([rows, expected])
  model.dispose()
})

/** A {@link Large} model with weights in memory, all of one value. */
function largeInMemory(value: number): Large {
  const model = new Large()
  for (const parameter of model.parameters()) parameter.load(new Float32Array(parameter.size).fill(value))
  return model
}

describe('large weights in memory', () => {
  const inputs = { rows: new TensorPlaceholder([1, 2048]) }
  const write = (model: Large) => {
    const forward = (given: object) => ({ columns: model.forward(given as { rows: tf.Tensor2D }) })
    return exportOnnx<object>({ model, forward, inputs }, join(folder(), 'large.onnx'))
  }
  const run = async () => {
    const rows = { shape: [1, 2048], values: new Array<number>(2048).fill(1) }
    return (await runFile(join(folder(), 'large.onnx'), { rows })).columns?.values
  }
  const resultOf = (value: number) => 2048 * 4096 * value * value + value

  test('are beside the model, and a failing export leaves the model with its own', async () => {
    const [first, second] = [largeInMemory(1 / 1024), largeInMemory(1 / 512)]
    expect((await write(first)).weights).toBe(join(folder(), 'large.onnx.data'))
    expect((await run())?.[0]).toBeCloseTo(resultOf(1 / 1024), 3)
    const writeFile = writing.writeFileAtomically
    const spy = jest.spyOn(writing, 'writeFileAtomically').mockImplementation((file, chunks) => {
      // As a crash would, between the weights and the model.
      if (String(file).endsWith('.onnx')) throw new UnwritableFileError(String(file), 'no-space', 'the disk is full.')
      return writeFile(file, chunks)
    })
    await expect(write(second)).rejects.toThrow(UnwritableFileError)
    spy.mockRestore()
    expect(readdirSync(folder()).sort()).toEqual(['large.onnx', 'large.onnx.data'])
    expect((await run())?.[0]).toBeCloseTo(resultOf(1 / 1024), 3)

    const { weights } = await write(second)
    expect(weights).toMatch(/large\.onnx\.[0-9a-f]{8}\.data$/)
    expect(readdirSync(folder()).sort()).toEqual([basename(String(weights)), 'large.onnx'].sort())
    expect((await run())?.[0]).toBeCloseTo(resultOf(1 / 512), 2)
    first.dispose()
    second.dispose()
  })
})

test('nothing is left of an export that cannot be written', async () => {
  const model = await UNet2DConditionModel.fromPretrained(goldenModel('unet_sd15'), { executor: 'eager' })
  const file = join(folder(), 'missing', 'unet.onnx')
  const options = {
    model,
    forward: (given: object) => model.forward(given as Parameters<typeof model.forward>[0]),
    inputs: {
      sample: new TensorPlaceholder([1, 8, 8, 4]),
      timestep: new TensorPlaceholder([1]),
      encoderHiddenStates: new TensorPlaceholder([1, 5, 32]),
    },
  }
  await expect(exportOnnx<object>(options, file)).rejects.toThrow(UnwritableFileError)
  expect(existsSync(file)).toBe(false)
  model.dispose()
})

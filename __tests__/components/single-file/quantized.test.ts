/** Models in GGUF files, and of 8-bit floats, compute with the numbers of their files. */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import * as tf from '@tensorflow/tfjs-core'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { describeWeights } from '../../../components/single-file/describe-weights'
import { SingleFileError } from '../../../components/single-file/single-file-error'
import { expectWarnings } from '../../expected-warnings'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useBackend } from '../models/use-backend'
import { tensorsBelow, writeDecoded, writeGGUF } from './quantized-file'

// Nothing computes in half precision.
expectWarnings('COMPUTES_IN_FLOAT32')

const sd1 = join(__dirname, '..', '..', 'goldens', 'single_file', 'sd1')
const config = join(sd1, 'diffusers')
const original = join(sd1, 'original_ema.safetensors')
const PREFIX = 'model.diffusion_model.'

useBackend('wasm')
const folder = useTemporaryFolder()

/** Temporary files of weights that exist. */
const leftovers = () =>
  readdirSync(tmpdir()).filter(name => name.startsWith('tesserae-decoded-') && name.includes(`-${process.pid}.`))

function weightsOf(model: UNet2DConditionModel): Record<string, number[]> {
  return Object.fromEntries([...model.namedParameters()].map(([name, parameter]) => [name, [...parameter.read()]]))
}

const ramp = (shape: number[]) => tf.tidy(() => tf.linspace(-1, 1, tf.util.sizeFromShape(shape)).reshape(shape))

async function sampleOf(model: UNet2DConditionModel): Promise<Float32Array> {
  const sample = ramp([1, 8, 8, 4]) as tf.Tensor4D
  const encoderHiddenStates = ramp([1, 5, 16]) as tf.Tensor3D
  const result = await model.call({ sample, timestep: 10, encoderHiddenStates })
  const values = await result.data<'float32'>()
  tf.dispose([sample, encoderHiddenStates, result])
  return values
}

describe('A UNet in a GGUF file', () => {
  const file = () => join(folder(), 'unet.gguf')
  const decoded = () => join(folder(), 'unet.safetensors')
  beforeEach(async () => {
    await writeGGUF(file(), await tensorsBelow(original, PREFIX), 'sd1')
    await writeDecoded(file(), decoded())
  })

  test('computes exactly what its numbers give, eagerly', async () => {
    const warnings = catchWarnings()
    const model = await UNet2DConditionModel.fromSingleFile(file(), { config, executor: 'eager' })
    const same = await UNet2DConditionModel.fromSingleFile(decoded(), { config, executor: 'eager' })
    expect(weightsOf(model)).toEqual(weightsOf(same))
    expect(await sampleOf(model)).toEqual(await sampleOf(same))
    for (const unet of [model, same]) unet.dispose()
    expect(warnings()).toEqual([
      `DECODED_WEIGHTS: ${file()}: UNet2DConditionModel decoded its "Q8_0" weights and computes with them as float32, in memory.`,
    ])
  })

  test('computes in graphs from a temporary file of float16, which goes with the model', async () => {
    const warnings = catchWarnings()
    const before = leftovers()
    const model = await UNet2DConditionModel.fromSingleFile(file(), { config, executor: 'graph' })
    expect(warnings()).toEqual([
      `DECODED_WEIGHTS: ${file()}: UNet2DConditionModel decoded its "Q8_0" weights and computes with them as float16, in a temporary file.`,
    ])
    expect(leftovers().length).toBe(before.length + 1)
    const rounded = await UNet2DConditionModel.fromSingleFile(decoded(), {
      config,
      executor: 'eager',
      dtype: 'float16',
    })
    const exact = await UNet2DConditionModel.fromSingleFile(decoded(), { config, executor: 'eager' })
    const [stored, halves, wholes] = [weightsOf(model), weightsOf(rounded), weightsOf(exact)]
    for (const [name, { dtype }] of model.namedParameters())
      expect(stored[name]).toEqual(dtype === 'F16' ? halves[name] : wholes[name])
    expect(model.dtype).toBe('float16')
    const [got, expected] = [await sampleOf(model), await sampleOf(exact)]
    const scale = Math.max(...expected.map(Math.abs))
    for (const [i, value] of got.entries()) expect(Math.abs(value - (expected[i] as number)) / scale).toBeLessThan(2e-3)
    // Weights that were released are read from the same file.
    model.offload()
    expect(await sampleOf(model)).toEqual(got)
    for (const unet of [model, rounded, exact]) unet.dispose()
    expect(leftovers()).toEqual(before)
  })

  test('keeps float32 in the temporary file if asked to, and saves what it has', async () => {
    catchWarnings()
    const model = await UNet2DConditionModel.fromSingleFile(file(), { config, executor: 'graph', dtype: 'float32' })
    const same = await UNet2DConditionModel.fromSingleFile(decoded(), { config, executor: 'eager' })
    expect(weightsOf(model)).toEqual(weightsOf(same))
    await model.savePretrained(join(folder(), 'saved'))
    model.dispose()
    const saved = await UNet2DConditionModel.fromPretrained(join(folder(), 'saved'), { executor: 'eager' })
    expect(weightsOf(saved)).toEqual(weightsOf(same))
    for (const unet of [saved, same]) unet.dispose()
  })

  test('is quantized from its own numbers, without a temporary file', async () => {
    const warnings = catchWarnings()
    const before = leftovers()
    const options = { config, executor: 'graph', quantization: 'int8' } as const
    const model = await UNet2DConditionModel.fromSingleFile(file(), options)
    const same = await UNet2DConditionModel.fromSingleFile(decoded(), options)
    expect(leftovers()).toEqual(before)
    expect(warnings()[0]).toContain('as int8 where layers are quantized, and float32 elsewhere')
    const [got, expected] = [await sampleOf(model), await sampleOf(same)]
    for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i] as number, 4)
    for (const unet of [model, same]) unet.dispose()
  })

  test('that was loaded eagerly is decoded when it moves to graphs', async () => {
    catchWarnings()
    const before = leftovers()
    const model = await UNet2DConditionModel.fromSingleFile(file(), { config, executor: 'eager' })
    const graph = await UNet2DConditionModel.fromSingleFile(file(), { config, executor: 'graph' })
    await model.preparePlacement({ device: graph.device }).then(place => place())
    expect(leftovers().length).toBe(before.length + 2)
    expect(await sampleOf(model)).toEqual(await sampleOf(graph))
    for (const unet of [model, graph]) unet.dispose()
    expect(leftovers()).toEqual(before)
  })

  test('leaves no temporary file if loading is cancelled', async () => {
    catchWarnings()
    const before = leftovers()
    const controller = new AbortController()
    const loading = UNet2DConditionModel.fromSingleFile(file(), {
      config,
      executor: 'graph',
      signal: controller.signal,
    })
    const stopped = (async () => {
      while (leftovers().length === before.length) await setImmediate()
      controller.abort(new Error('enough'))
    })()
    await expect(loading).rejects.toThrow('enough')
    await stopped
    expect(leftovers()).toEqual(before)
  })

  test('is recognised without a prefix, with one, and without an architecture', async () => {
    expect((await describeWeights(file())).label).toBe('a UNet of Stable Diffusion 1')
    const tensors = [...(await tensorsBelow(original, PREFIX))].map(([key, tensor]) => [PREFIX + key, tensor] as const)
    await writeGGUF(file(), new Map(tensors), undefined)
    expect(await describeWeights(file())).toMatchObject({
      label: 'a UNet of Stable Diffusion 1',
      components: [{ component: 'unet', layout: 'original', precision: ['Q8_0', 'F32'] }],
      metadata: {},
    })
  })
})

test.each([
  ['llama', 'blk.0.attn_q.weight', 'a GGUF file of the architecture "llama"'],
  ['flux', 'double_blocks.0.img_attn.qkv.weight', 'Flux'],
  ['wan', 'head.modulation', 'Wan'],
])('a GGUF file of the architecture %s is refused by name', async (architecture, key, label) => {
  const file = join(folder(), 'other.gguf')
  await writeGGUF(file, new Map([[key, [[32], new Float32Array(32)]]]), architecture)
  const error = await UNet2DConditionModel.fromSingleFile(file).catch(error => error)
  expect(error).toBeInstanceOf(SingleFileError)
  expect(error.message).toContain(`this is ${label}`)
})

test.each(['eager', 'graph'] as const)(
  '8-bit floats with scales compute what their numbers give on the executor %s',
  async executor => {
    const warnings = catchWarnings()
    const file = join(folder(), 'f8.safetensors')
    const tensors: Record<string, WeightTensor> = {}
    for (const [key, [shape, values]] of await tensorsBelow(original, PREFIX)) {
      if (shape.length < 2) tensors[PREFIX + key] = { dtype: 'F32', shape, data: values }
      else {
        tensors[PREFIX + key] = {
          dtype: 'F8_E4M3',
          shape,
          data: Uint8Array.from(values, (_, i) => ((7 * i) % 120) | ((i % 2) << 7)),
        }
        tensors[PREFIX + key.replace(/weight$/, 'scale_weight')] = {
          dtype: 'F32',
          shape: [],
          data: Float32Array.of(2 ** -11),
        }
      }
    }
    await writeSafetensors(file, tensors)
    const decoded = join(folder(), 'decoded.safetensors')
    await writeDecoded(file, decoded)
    const model = await UNet2DConditionModel.fromSingleFile(file, { config, executor })
    const same = await UNet2DConditionModel.fromSingleFile(decoded, { config, executor: 'eager' })
    expect(weightsOf(model)).toEqual(weightsOf(same))
    for (const unet of [model, same]) unet.dispose()
    expect(warnings()[0]).toContain('decoded its "F8_E4M3" weights and computes with them as')
  },
)

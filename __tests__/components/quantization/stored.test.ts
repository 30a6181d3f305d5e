/** Models that are quantized once, and saved so. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readHeaderSync } from '../../../components/checkpoints/read-header-sync'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { UnquantizableModelError } from '../../../components/quantization/quantization-errors'
import type { Quantization } from '../../../components/quantization/quantization-names'
import { quantizeRowsLoop } from '../../../components/quantization/quantize-rows'
import * as tf from '../../../components/tensors/tf'
import { AutoencoderTiny, bundledModel, StableDiffusionTextToImageBlocks } from '../../../index'
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { runAtOnce } from '../../../src/runtime/time-slice'
import { failureOf } from '../../blocks/use-emoji-model'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useGraphExecutor } from '../executors/use-graph-executor'
import { rewriteFile } from '../single-file/rewritten-file'

const executor = useGraphExecutor()
const folder = useTemporaryFolder()
const SOURCE = join(bundledModel('emoji'), 'unet')
const WEIGHTS = 'diffusion_pytorch_model.safetensors'

const load = (path: string, options: FromPretrainedOptions = {}) =>
  UNet2DConditionModel.fromPretrained(path, { executor: executor(), ...options })

/** Saves the UNet of the bundled model, quantized. */
async function quantized(name = 'unet', quantization: Quantization = 'int8'): Promise<string> {
  const unet = await load(SOURCE)
  const target = join(folder(), name)
  await unet.savePretrained(target, { quantization })
  unet.dispose()
  return target
}

/** What a UNet predicts for numbers that are always the same. */
async function predict(unet: UNet2DConditionModel): Promise<Float32Array> {
  const wave = (shape: readonly number[]) =>
    tf.tensor(
      Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => Math.sin(i)),
      [...shape],
    )
  const { sample, encoderHiddenStates } = unet.callShapes({ batch: 1 })
  const inputs = {
    sample: wave(sample.shape) as tf.Tensor4D,
    timestep: 500,
    encoderHiddenStates: wave(encoderHiddenStates.shape) as tf.Tensor3D,
  }
  const result = await unet.call(inputs)
  const numbers = await result.data()
  tf.dispose([result, inputs.sample, inputs.encoderHiddenStates])
  return numbers as Float32Array
}

test('a saved model computes to the bit what one computes that is quantized when it is loaded', async () => {
  const path = await quantized()
  const [stored, loaded] = [await load(path), await load(SOURCE, { quantization: 'int8' })]
  expect(stored.quantization).toEqual({ method: 'int8' })
  expect(await predict(stored)).toEqual(await predict(loaded))
  // What the session holds is what the file holds: exactly the layers that the rules choose are in 8 bits.
  expect(stored.residentBytes).toBe(loaded.residentBytes)
  const file = await SafetensorsFile.open(join(path, WEIGHTS))
  const integers = file.keys.filter(key => file.info(key).dtype === 'I8')
  expect(integers.length).toBeGreaterThan(20)
  const [key = ''] = integers
  const original = new Map(loaded.namedParameters()).get(key)?.read() as Float32Array
  const rows = runAtOnce(quantizeRowsLoop(original, file.info(key).shape[0] as number))
  expect(new Int8Array((await file.readBytes(key)).buffer)).toEqual(rows?.values)
  expect(await file.readFloat32(`${key}_scale`)).toEqual(rows?.scales)
  await file.close()
  stored.dispose()
  loaded.dispose()
}, 60_000)

test('a saved model is saved again byte for byte, also over its own folder', async () => {
  const path = await quantized()
  const bytes = await readFile(join(path, WEIGHTS))
  const unet = await load(path)
  await unet.savePretrained(join(folder(), 'copy'))
  expect((await readFile(join(folder(), 'copy', WEIGHTS))).equals(bytes)).toBe(true)
  await unet.savePretrained(path, { quantization: 'int8' })
  expect((await readFile(join(path, WEIGHTS))).equals(bytes)).toBe(true)
  const again = await load(join(folder(), 'copy'))
  expect(await predict(again)).toEqual(await predict(unet))
  unet.dispose()
  again.dispose()
}, 60_000)

test('a model that is saved over its own folder in another form knows it from then on', async () => {
  const path = await quantized('unet', 'int4')
  const unet = await load(path)
  await unet.savePretrained(path, { quantization: 'int8wo' })
  expect(unet.storedQuantization).toBe('int8wo')
  await unet.savePretrained(join(folder(), 'copy'))
  unet.dispose()
  const { quantization_config } = JSON.parse(await readFile(join(folder(), 'copy', 'config.json'), 'utf8'))
  expect(quantization_config).toMatchObject({ bits: 8, weights_only: true })
}, 60_000)

test('a config that names other bits than the weights have is refused, or warned of', async () => {
  const retold = async (path: string, bits: number) => {
    const file = join(path, 'config.json')
    const config = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(
      file,
      JSON.stringify({ ...config, quantization_config: { quant_method: 'tesserae', bits, version: 1 } }),
    )
    return path
  }
  expect(await failureOf(load(await retold(await quantized(), 4)))).toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringContaining('no weight has them'),
  })
  const warnings = catchWarnings()
  const unet = await load(await retold(await quantized('four', 'int4'), 8))
  expect(unet.quantization).toEqual({ method: 'int8' })
  expect(warnings()).toEqual([expect.stringMatching(/^DECODED_WEIGHTS: .* "I4_ROWS" weights .* as int8/)])
  unet.dispose()
}, 60_000)

test('eager executors decode the weights exactly, and say so once', async () => {
  const path = await quantized()
  const warnings = catchWarnings()
  const unet = await load(path, { executor: eagerExecutor, lazy: true })
  expect(unet.quantization).toBeUndefined()
  const file = await SafetensorsFile.open(join(path, WEIGHTS))
  const [key = ''] = file.keys.filter(name => file.info(name).dtype === 'I8')
  const integers = new Int8Array((await file.readBytes(key)).buffer as ArrayBuffer)
  const scales = await file.readFloat32(`${key}_scale`)
  const width = integers.length / scales.length
  const expected = Float32Array.from(integers, (value, i) => value * (scales[Math.floor(i / width)] as number))
  expect(new Map(unet.namedParameters()).get(key)?.read()).toEqual(expected)
  await file.close()
  unet.dispose()
  expect(warnings()).toEqual([expect.stringMatching(/^DECODED_WEIGHTS: .* "I8_ROWS" weights .* as float32, in memory/)])
})

test('a config or a file that lies is refused by name', async () => {
  const path = await quantized()
  const file = join(path, 'config.json')
  const config = JSON.parse(await readFile(file, 'utf8'))
  expect(config.quantization_config).toEqual({ quant_method: 'tesserae', bits: 8, version: 1 })
  const withSettings = async (settings: unknown) => {
    await writeFile(file, JSON.stringify({ ...config, quantization_config: settings }))
    return failureOf(load(path))
  }
  const settings = config.quantization_config
  for (const lie of [
    { bits: 3 },
    { version: 2 },
    { weights_only: 'yes' },
    { bits: 4, weights_only: true },
    { block_size: 32 },
  ])
    expect(await withSettings({ ...settings, ...lie })).toMatchObject({ code: 'INVALID_CONFIG' })
  expect(await withSettings({ ...settings, quant_method: 'gptq' })).toMatchObject({ code: 'QUANTIZED_CHECKPOINT' })
  // Integers that the config does not mention are not weights.
  expect(await withSettings(undefined)).toMatchObject({ code: 'SAFETENSORS', problem: 'wrong-dtype' })
  await writeFile(file, JSON.stringify(config))

  const unquantized = await load(SOURCE)
  await unquantized.savePretrained(join(folder(), 'floats'))
  unquantized.dispose()
  await writeFile(join(folder(), 'floats', 'config.json'), JSON.stringify(config))
  expect(await failureOf(load(join(folder(), 'floats')))).toMatchObject({ code: 'INVALID_CONFIG' })

  const weights = join(path, WEIGHTS)
  const scale = [...readHeaderSync(weights).tensors.keys()].find(key => key.endsWith('_scale')) as string
  await rewriteFile(weights, weights, (key, shape) => ({ key, shape: key === scale ? [1, ...shape] : shape }))
  expect(await failureOf(load(path))).toMatchObject({ code: 'SAFETENSORS', problem: 'invalid-shape', tensor: scale })
  await rewriteFile(weights, weights, key => (key === scale ? undefined : { key }))
  expect(await failureOf(load(path))).toMatchObject({ code: 'SAFETENSORS', problem: 'missing-tensor', tensor: scale })
})

describe.each([
  ['int4', { quant_method: 'tesserae', bits: 4, version: 1 }],
  ['int8wo', { quant_method: 'tesserae', bits: 8, weights_only: true, version: 1 }],
] as const)('%s', (quantization, settings) => {
  test('a saved model loads so, computes as one that is quantized when it is loaded, and is saved again byte for byte', async () => {
    const path = await quantized('unet', quantization)
    expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8')).quantization_config).toEqual(settings)
    const [stored, loaded] = [await load(path), await load(SOURCE, { quantization })]
    expect(stored.quantization).toEqual({ method: quantization })
    expect(await predict(stored)).toEqual(await predict(loaded))
    expect(stored.residentBytes).toBe(loaded.residentBytes)
    const bytes = await readFile(join(path, WEIGHTS))
    await stored.savePretrained(join(folder(), 'copy'))
    expect((await readFile(join(folder(), 'copy', WEIGHTS))).equals(bytes)).toBe(true)
    const config = JSON.parse(await readFile(join(folder(), 'copy', 'config.json'), 'utf8'))
    expect(config.quantization_config).toEqual(settings)
    stored.dispose()
    loaded.dispose()
  }, 60_000)
})

test('weights of 4 bits are decoded for eager executors, in the order of the checkpoint', async () => {
  const path = await quantized('unet', 'int4')
  const warnings = catchWarnings()
  const [decoded, original] = [
    await load(path, { executor: eagerExecutor, lazy: true }),
    await load(SOURCE, { executor: eagerExecutor, lazy: true }),
  ]
  expect(decoded.quantization).toBeUndefined()
  const weights = new Map(original.namedParameters())
  for (const [name, parameter] of decoded.namedParameters()) {
    if (parameter.origin?.dtype !== 'I4_ROWS') continue
    const [rounded, exact] = [parameter.read(), weights.get(name)?.read() as Float32Array]
    const sum = (numbers: Float32Array) => numbers.reduce((total, value) => total + value ** 2, 0)
    // 4 bits keep all but a tenth. In another order nothing would be kept.
    const share = Math.sqrt(sum(rounded.map((value, i) => value - (exact[i] as number))) / sum(exact))
    expect({ name, share: Math.round(share * 4) }).toEqual({ name, share: 0 })
  }
  decoded.dispose()
  original.dispose()
  expect(warnings()).toEqual([expect.stringMatching(/^DECODED_WEIGHTS: .*"I4_ROWS".* as float32, in memory/)])
})

test('auto keeps what a folder is stored in, and another quantization rounds its weights again', async () => {
  const path = await quantized('unet', 'int4')
  const kept = await load(path, { quantization: 'auto' })
  expect(kept.quantization).toEqual({ method: 'int4' })
  const warnings = catchWarnings()
  const other = await load(path, { quantization: 'int8' })
  expect(other.quantization).toEqual({ method: 'int8' })
  expect(warnings()).toEqual([
    expect.stringMatching(
      /^DECODED_WEIGHTS: .*"I4_ROWS" weights .* as int8 where layers are quantized, and float32 elsewhere/,
    ),
  ])
  kept.dispose()
  other.dispose()
})

test('weights of 4 bits that have other shapes, or are cut off, are refused by name', async () => {
  const path = await quantized('unet', 'int4')
  const weights = join(path, WEIGHTS)
  const { tensors } = readHeaderSync(weights)
  const key = [...tensors].find(([, { dtype }]) => dtype === 'U8')?.[0] as string
  const [scale, whole] = [`${key}_scale`, await readFile(weights)]
  const withFile = async (change: (key: string, shape: readonly number[]) => { shape?: number[] } | undefined) => {
    await writeFile(weights, whole)
    await rewriteFile(weights, weights, (name, shape) => {
      const changed = change(name, shape)
      return changed && { key: name, shape: changed.shape ?? [...shape] }
    })
    return failureOf(load(path))
  }
  const only = (wanted: string, change: (shape: readonly number[]) => { shape?: number[] } | undefined) =>
    withFile((name, shape) => (name === wanted ? change(shape) : {}))
  const refused = (problem: string, tensor: string) => ({ code: 'SAFETENSORS', problem, tensor })
  expect(await only(scale, () => undefined)).toMatchObject(refused('missing-tensor', scale))
  expect(await only(scale, shape => ({ shape: [...shape].reverse() }))).toMatchObject(refused('invalid-shape', scale))
  expect(await only(key, shape => ({ shape: [1, ...shape] }))).toMatchObject(refused('invalid-shape', key))
  expect(
    await only(key, ([out = 1, ...row]) => ({ shape: [out * 2, ...row.slice(0, -1), (row.at(-1) as number) / 2] })),
  ).toMatchObject({ code: expect.stringMatching(/SAFETENSORS|STATE_DICT/) })
  await writeFile(weights, whole.subarray(0, whole.length - 100))
  expect(await failureOf(load(path))).toMatchObject({ code: 'SAFETENSORS' })
})

test('what cannot be quantized is refused before anything is written', async () => {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
  await pipe.loadComponents({ executor: executor() })
  const target = join(folder(), 'pipe')
  const save = (quantization: Record<string, string>) => failureOf(pipe.savePretrained(target, { quantization }))
  expect(String(await save({ scheduler: 'int8' }))).toMatch(/no model to quantize "scheduler"; it has .*unet/)
  expect(String(await save({ unet: 'int3' }))).toMatch(/component "unet" has no quantization "int3"; it has "int8"/)
  expect(await failureOf(readFile(target))).toMatchObject({ code: 'ENOENT' })
  pipe.dispose()
})

test('a model of narrow layers alone is refused', async () => {
  const tiny = AutoencoderTiny.fromConfig({
    encoderBlockOutChannels: [8, 8, 8, 8],
    decoderBlockOutChannels: [8, 8, 8, 8],
  })
  const error = await failureOf(tiny.savePretrained(join(folder(), 'tiny'), { quantization: 'int8' }))
  expect(error).toBeInstanceOf(UnquantizableModelError)
})

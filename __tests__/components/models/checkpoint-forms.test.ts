/** Checkpoints in the forms that people and tools leave them in: what Python loads, loads; what cannot be right is refused by name. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openCheckpoint } from '../../../components/checkpoints/open-checkpoint'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { ComponentClassError } from '../../../components/configs/component-class-error'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { QuantizedCheckpointError } from '../../../components/models/quantized-checkpoint-error'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { StateDictError } from '../../../components/nn/state-dict-error'
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { describeWithPython, runPython } from '../../python'
import { openFilesIn } from '../checkpoints/open-files'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { goldenFolder } from './golden-model-case'
import { useBackend } from './use-backend'

interface ModelClass {
  readonly name: string
  fromPretrained(path: string, options?: FromPretrainedOptions): Promise<PretrainedModel>
}
type Tensors = Record<string, WeightTensor>

const models: [modelClass: ModelClass, golden: string, weightsName: 'model' | 'diffusion_pytorch_model'][] = [
  [UNet2DConditionModel, 'unet_class_labels', 'diffusion_pytorch_model'],
  [AutoencoderKL, 'vae_uneven', 'diffusion_pytorch_model'],
  [CLIPTextModel, 'clip_text', 'model'],
  [CLIPTextModelWithProjection, 'clip_text_projection', 'model'],
]

const folder = useTemporaryFolder()
useBackend('wasm')

/** The tensors of a golden model, with `shift` added to the first number of each: it identifies what is read. */
async function tensorsOf(
  golden: string,
  weightsName: 'model' | 'diffusion_pytorch_model',
  shift = 0,
): Promise<Tensors> {
  const checkpoint = await openCheckpoint(goldenFolder(golden), { weightsName })
  const tensors: Tensors = {}
  for (const key of checkpoint.keys) {
    const data = await checkpoint.readFloat32(key)
    data[0] = (data[0] as number) + shift
    tensors[key] = { dtype: 'F32', shape: checkpoint.info(key).shape, data }
  }
  await checkpoint.close()
  return tensors
}

const copyConfig = (golden: string) => cp(join(goldenFolder(golden), 'config.json'), join(folder(), 'config.json'))

async function changeConfig(change: (config: Record<string, unknown>) => object): Promise<void> {
  const file = join(folder(), 'config.json')
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  await writeFile(file, JSON.stringify(change(config)))
}

/** A model in the folder, whose keys and tensors a test may change. */
async function write(
  [, golden, weightsName]: (typeof models)[number],
  change: (tensors: Tensors) => Tensors = tensors => tensors,
): Promise<void> {
  await copyConfig(golden)
  await writeSafetensors(join(folder(), `${weightsName}.safetensors`), change(await tensorsOf(golden, weightsName)))
}

function renamed(tensors: Tensors, rename: (key: string) => string): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [rename(key), tensor]))
}

/** Loads the model of the folder, and returns whether its weights are those of the golden one, and the warnings. */
async function load(modelClass: ModelClass, golden: string, options: FromPretrainedOptions = { lazy: true }) {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
  try {
    const [model, expected] = [
      await modelClass.fromPretrained(folder(), options),
      await modelClass.fromPretrained(goldenFolder(golden), { lazy: true }),
    ]
    for (const [i, parameter] of model.parameters().entries()) {
      expect(parameter.read()).toEqual(expected.parameters()[i]?.read())
    }
    model.dispose()
    expected.dispose()
    return emitWarning.mock.calls.map(([message, how]) => [(how as { code: string }).code, String(message)] as const)
  } finally {
    emitWarning.mockRestore()
    expect(openFilesIn(folder())).toEqual([])
  }
}

const scalar: WeightTensor = { dtype: 'F32', shape: [], data: Float32Array.of(4.6) }

describe.each(models)('a checkpoint of %p', (...model) => {
  const [modelClass, golden, weightsName] = model

  test('loads with tensors that the model does not use, which one line names', async () => {
    const extra = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`spare.${i}`, scalar]))
    await write(model, tensors => ({ ...tensors, ...extra }))
    for (const options of [{ lazy: true }, { executor: 'eager' }]) {
      const [[code, message] = [], ...rest] = await load(modelClass, golden, options)
      expect(code).toBe('UNUSED_WEIGHTS')
      expect(message).toContain(`${weightsName}.safetensors: ${modelClass.name} does not use 12 of the tensors`)
      expect(message).toMatch(/"spare.0", "spare.1", .* and 2 more\.$/)
      expect(message).not.toContain('\n')
      expect(rest).toEqual([])
    }
  })

  test.each([
    ['torch.compile', (key: string) => `_orig_mod.${key}`],
    ['torch.compile of a part', (key: string) => key.replace(/^(\w+)\.(\w+)\./, '$1._orig_mod.$2.')],
    ['DistributedDataParallel', (key: string) => `module._orig_mod.${key}`],
  ])('loads with the names that %s adds to keys, which are reported', async (_, rename) => {
    await write(model, tensors => renamed(tensors, rename))
    const warnings = await load(modelClass, golden)
    expect(warnings.map(([code]) => code)).toEqual(['WRAPPED_WEIGHTS'])
    expect(warnings[0]?.[1]).toMatch(/were removed, e\.g\. from ".*_orig_mod\./)
  })

  test('is refused where weights are missing, with ten keys and a count', async () => {
    await write(model, tensors => Object.fromEntries(Object.entries(tensors).slice(0, 2)))
    const error = await load(modelClass, golden).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StateDictError)
    const { missing, message } = error as StateDictError
    expect(missing.length).toBeGreaterThan(11)
    expect(message).toContain(`… and ${missing.length - 10} more`)
    expect(message.split('\n')).toHaveLength(13)
  })

  test('is refused where weights are not floats', async () => {
    await write(model, tensors => {
      const [[key, { shape }]] = Object.entries(tensors) as [[string, WeightTensor]]
      const size = shape.reduce((product, length) => product * length, 1)
      return { ...tensors, [key]: { dtype: 'I8', shape, data: new Int8Array(size) } }
    })
    await expect(load(modelClass, golden)).rejects.toMatchObject({ code: 'SAFETENSORS', problem: 'wrong-dtype' })
  })

  test('is refused by name where it is quantized', async () => {
    await write(model)
    await changeConfig(config => ({
      ...config,
      quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true },
    }))
    const loading = load(modelClass, golden)
    await expect(loading).rejects.toThrow(QuantizedCheckpointError)
    await expect(loading).rejects.toThrow(/quantized by "bitsandbytes" .* dequantize\(\)/)
    await changeConfig(config => ({ ...config, quantization_config: null }))
    expect(await load(modelClass, golden)).toEqual([])
  })

  test('loads where the config names another class and the weights fit, with a warning', async () => {
    await write(model)
    const key = weightsName === 'model' ? 'architectures' : '_class_name'
    await changeConfig(config => ({ ...config, [key]: key === 'architectures' ? ['TextEncoder'] : 'OtherModel' }))
    const [[code, message] = []] = await load(modelClass, golden)
    expect(code).toBe('OTHER_CLASS')
    expect(message).toMatch(/names the class (TextEncoder|OtherModel)\. It was loaded as/)
  })

  // Python's order is that of the last test of this file.
  test('is read from the one of two forms that Python reads', async () => {
    await copyConfig(golden)
    await twoForms(golden, weightsName)
    const opened = await openCheckpoint(folder(), { weightsName })
    expect(opened.path.endsWith('index.json')).toBe(weightsName === 'diffusion_pytorch_model')
    await opened.close()
    const variant = await openCheckpoint(folder(), { weightsName, variant: 'fp16' })
    expect(variant.path.endsWith(weightsName === 'model' ? 'fp16.safetensors' : '.index.fp16.json')).toBe(true)
    await variant.close()
  })
})

/** Saves the weights in both forms, without and with a variant, with a pickle beside them; the index's weights are shifted by 1, the variant's by 2. */
async function twoForms(golden: string, weightsName: 'model' | 'diffusion_pytorch_model'): Promise<void> {
  for (const [variant, shift] of [
    ['', 0],
    ['.fp16', 2],
  ] as const) {
    const [whole, shards] = [
      await tensorsOf(golden, weightsName, shift),
      await tensorsOf(golden, weightsName, shift + 1),
    ]
    await writeSafetensors(join(folder(), `${weightsName}${variant}.safetensors`), whole, { format: 'pt' })
    const shard = `${weightsName}${variant}-00001-of-00001.safetensors`
    await writeSafetensors(join(folder(), shard), shards, { format: 'pt' })
    const map = Object.fromEntries(Object.keys(shards).map(key => [key, shard]))
    const index = JSON.stringify({ metadata: { total_size: 1 }, weight_map: map })
    await writeFile(join(folder(), `${weightsName}.safetensors.index${variant}.json`), index)
  }
  await writeFile(join(folder(), weightsName === 'model' ? 'pytorch_model.bin' : `${weightsName}.bin`), 'a pickle')
}

describe('a diffusers checkpoint with a variant', () => {
  const model = models[0] as (typeof models)[number]

  test('is read by the name that its index had before, and goes when it is saved again', async () => {
    const [modelClass, golden, weightsName] = model
    await copyConfig(golden)
    const shard = `${weightsName}-00001-of-00001.fp16.safetensors`
    const tensors = await tensorsOf(golden, weightsName)
    await writeSafetensors(join(folder(), shard), tensors, { format: 'pt' })
    const index = { metadata: {}, weight_map: Object.fromEntries(Object.keys(tensors).map(key => [key, shard])) }
    await writeFile(join(folder(), `${weightsName}.safetensors.fp16.index.json`), JSON.stringify(index))
    expect(await load(modelClass, golden, { lazy: true, variant: 'fp16' })).toEqual([])
    const unet = await modelClass.fromPretrained(folder(), { lazy: true, variant: 'fp16' })
    await unet.savePretrained(folder(), { variant: 'fp16' })
    const opened = await openCheckpoint(folder(), { weightsName, variant: 'fp16' })
    expect(opened.path).toBe(join(folder(), `${weightsName}.fp16.safetensors`))
    await opened.close()
    unet.dispose()
  })

  test('is refused as the pickle that Python would read', async () => {
    await write(model)
    await writeFile(join(folder(), 'diffusion_pytorch_model.fp16.bin'), 'a pickle')
    const loading = load(model[0], model[1], { variant: 'fp16' })
    await expect(loading).rejects.toMatchObject({ code: 'PICKLE_CHECKPOINT' })
  })
})

describe('a checkpoint of CLIP', () => {
  const [, , plain, projection] = models as [unknown, unknown, (typeof models)[number], (typeof models)[number]]
  const withoutPrefix = (key: string) => key.replace(/^text_model\./, '')
  const rest = { logit_scale: scalar, 'visual_projection.weight': scalar, 'vision_model.class_embedding': scalar }

  test.each([
    ['without the prefix', withoutPrefix],
    ['with the prefix', (key: string) => (/^text_projection/.test(key) ? key : `text_model.${withoutPrefix(key)}`)],
    ['with the prefixes of a model around', (key: string) => `clip.text_model.${withoutPrefix(key)}`],
  ])('loads %s', async (_, rename) => {
    for (const model of [plain, projection]) {
      await write(model, tensors => renamed(tensors, rename))
      expect(await load(model[0], model[1])).toEqual([])
    }
  })

  test('loads from a whole CLIPModel, of which the config and the weights of the text model are taken', async () => {
    for (const model of [plain, projection]) {
      await write(model, tensors => ({ ...tensors, ...rest, 'text_model.embeddings.position_ids': scalar }))
      await changeConfig(config => ({
        architectures: ['CLIPModel'],
        model_type: 'clip',
        projection_dim: 99,
        text_config: { ...config, architectures: null },
        vision_config: { hidden_size: 1 },
      }))
      const [[code, message] = [], ...others] = await load(model[0], model[1])
      expect(code).toBe('UNUSED_WEIGHTS')
      expect(message).toContain('"logit_scale"')
      expect(message).not.toContain('position_ids')
      expect(others).toEqual([])
    }
  })

  test('loads as CLIPTextModel whichever class of CLIP the config names', async () => {
    for (const name of ['CLIPTextModelWithProjection', 'CLIPModel']) {
      await write(plain)
      await changeConfig(config => ({ ...config, architectures: [name] }))
      expect(await load(plain[0], plain[1])).toEqual([])
    }
  })

  test('is refused without its projection, by the key and by the class that the config names', async () => {
    await write(projection, ({ 'text_projection.weight': _, ...tensors }) => tensors)
    await changeConfig(config => ({ ...config, architectures: ['CLIPTextModel'] }))
    const loading = load(projection[0], projection[1])
    await expect(loading).rejects.toThrow(ComponentClassError)
    await expect(loading).rejects.toThrow(/text_projection\.weight/)
  })

  test('is refused with two tensors for one weight', async () => {
    await write(plain, tensors => ({
      ...tensors,
      ...renamed(tensors, withoutPrefix),
      ...renamed(tensors, key => `text_model.${withoutPrefix(key)}`),
    }))
    const error = await load(plain[0], plain[1]).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StateDictError)
    expect((error as StateDictError).duplicates.length).toBeGreaterThan(10)
  })

  test('is read from the file that its config names', async () => {
    await write(plain)
    await mkdir(join(folder(), 'other'))
    const tensors = await tensorsOf(plain[1], 'model')
    await writeSafetensors(join(folder(), 'mine.safetensors'), { ...tensors, logit_scale: scalar })
    await changeConfig(config => ({ ...config, transformers_weights: 'mine.safetensors' }))
    expect((await load(plain[0], plain[1])).map(([code]) => code)).toEqual(['UNUSED_WEIGHTS'])
    for (const name of ['../mine.safetensors', 'pytorch_model.bin', 7]) {
      await changeConfig(config => ({ ...config, transformers_weights: name }))
      await expect(load(plain[0], plain[1])).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    }
  })
})

/** Loads a class with and without the variant, and gives the first number of its first weight. */
const program = `
import sys, json, diffusers, transformers
name, folder, key = sys.argv[1:4]
cls = getattr(diffusers if hasattr(diffusers, name) else transformers, name)
first = lambda model: next(float(value.flatten()[0]) for other, value in model.state_dict().items() if other.endswith(key))
print(json.dumps([first(cls.from_pretrained(folder)), first(cls.from_pretrained(folder, variant="fp16"))]))`

describeWithPython('two forms of weights in Python', () => {
  test.each(models)('are told apart as by %p', async (modelClass, golden, weightsName) => {
    await copyConfig(golden)
    await twoForms(golden, weightsName)
    const key = { model: 'final_layer_norm.weight', diffusion_pytorch_model: 'conv_in.weight' }[weightsName]
    const first = async (options: FromPretrainedOptions) => {
      const model = await modelClass.fromPretrained(folder(), { lazy: true, ...options })
      const value = new Map(
        [...model.namedParameters()].map(([name, parameter]) => [name, parameter.read()[0]] as const),
      )
      model.dispose()
      return [...value].find(([name]) => name.endsWith(key))?.[1]
    }
    const ours = [await first({}), await first({ variant: 'fp16' })]
    expect(await runPython<number[]>(program, [modelClass.name, folder(), key])).toEqual(ours)
  })
})

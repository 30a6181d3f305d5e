import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { SafetensorsError } from '../../../../components/checkpoints/safetensors-error'
import { ComponentClassError } from '../../../../components/configs/component-class-error'
import { ConfigError } from '../../../../components/configs/config-error'
import { MissingFileError } from '../../../../components/files/missing-file-error'
import { ControlNet } from '../../../../components/models/controlnet/controlnet'
import { ControlNetModel } from '../../../../components/models/controlnet/controlnet-model'
import { ControlNetUnionModel } from '../../../../components/models/controlnet/controlnet-union-model'
import type { ControlNetInputs, ControlNetUnionInputs } from '../../../../components/models/controlnet/inputs'
import { MultiControlNetModel } from '../../../../components/models/controlnet/multi-controlnet-model'
import { ModelInputError } from '../../../../components/models/model-input-error'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { ShapeMismatchError } from '../../../../src/errors/shape-mismatch-error'
import '../../../../testing/jest'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { GoldenModelCase, goldenCalls, goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

useBackend('wasm')
const folder = useTemporaryFolder()

/** A call of the case, whose tensors the caller disposes. */
async function inputsOf<T>(name: string, at = 0): Promise<T> {
  const golden = await GoldenModelCase.open(name)
  return golden.inputs<T>(goldenCalls(name)[at] as never)
}

function dispose(...values: readonly unknown[]): void {
  tf.dispose(values as tf.TensorContainer)
}

const small = {
  in_channels: 4,
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  cross_attention_dim: 16,
  norm_num_groups: 4,
}

describe('a config of a ControlNet', () => {
  test('is complete, and gives the parameters the names and shapes of a state dict', () => {
    const model = ControlNetModel.fromConfig(small)
    expect(model.config).toMatchObject({
      conditioningEmbeddingOutChannels: [16, 32, 96, 256],
      globalPoolConditions: false,
    })
    const shapes = new Map([...model.namedParameters()].map(([name, { shape }]) => [name, shape]))
    expect(shapes.get('controlnet_cond_embedding.blocks.5.weight')).toEqual([256, 96, 3, 3])
    expect(shapes.get('controlnet_down_blocks.5.weight')).toEqual([16, 16, 1, 1])
    expect(shapes.has('controlnet_down_blocks.6.weight')).toBe(false)
    expect(shapes.get('controlnet_mid_block.bias')).toEqual([16])
  })

  test.each([
    ['conditioning_embedding_out_channels', { conditioning_embedding_out_channels: [] }],
    ['controlnet_conditioning_channel_order', { controlnet_conditioning_channel_order: 'hsv' }],
    ['down_block_types', { down_block_types: ['DownBlock2D'] }],
    ['addition_time_embed_dim', { addition_embed_type: 'text_time', projection_class_embeddings_input_dim: 80 }],
  ])('is refused for a wrong %s', (key, change) => {
    const fail = () => ControlNetModel.fromConfig({ ...small, ...change }, 'controlnet/config.json')
    expect(fail).toThrow(ConfigError)
    expect(fail).toThrow(key)
  })

  // Made before the weights are looked at, they would fill the memory.
  test('is refused where it asks for layers without end', () => {
    const time = {
      addition_embed_type: 'text_time',
      addition_time_embed_dim: 4,
      projection_class_embeddings_input_dim: 24,
    }
    const union = { ...small, ...time, num_trans_channel: 8, num_proj_channel: 8 }
    const refused = { num_trans_layer: 1e9 }
    expect(() => ControlNetUnionModel.fromConfig({ ...union, ...refused })).toThrow('num_trans_layer')
    const channels = { conditioning_embedding_out_channels: Array(20_000).fill(8) }
    expect(() => ControlNetModel.fromConfig({ ...small, ...channels })).toThrow('conditioning_embedding_out_channels')
  })

  test('is refused where a transformer does not fit the first map', () => {
    const config = { ...small, addition_time_embed_dim: 8, num_trans_channel: 8, num_proj_channel: 16 }
    expect(() => ControlNetUnionModel.fromConfig(config)).toThrow('num_proj_channel')
  })
})

describe('ControlNet', () => {
  test('loads the class that a config names', async () => {
    const plain = await ControlNet.fromPretrained(goldenFolder('controlnet_sd15'))
    const union = await ControlNet.fromPretrained(goldenFolder('controlnet_union'))
    expect([plain, union].map(model => Object.getPrototypeOf(model).constructor)).toEqual([
      ControlNetModel,
      ControlNetUnionModel,
    ])
    plain.dispose()
    union.dispose()
  })

  test('refuses a class that is not one', async () => {
    const load = ControlNet.fromPretrained(goldenFolder('unet_sd15'))
    await expect(load).rejects.toThrow(ComponentClassError)
    await expect(load).rejects.toThrow('ControlNetModel or ControlNetUnionModel or MultiControlNetModel')
  })

  test('is saved as it was loaded', async () => {
    const model = await ControlNet.fromPretrained(goldenFolder('controlnet_union'))
    await model.savePretrained(join(folder(), 'saved'))
    model.dispose()
    const file = 'diffusion_pytorch_model.safetensors'
    const again = await ControlNetUnionModel.fromPretrained(join(folder(), 'saved'))
    const original = await ControlNetUnionModel.fromPretrained(goldenFolder('controlnet_union'))
    expect(again.config).toEqual(original.config)
    again.dispose()
    original.dispose()
    expect((await readFile(join(folder(), 'saved', file))).length).toBeGreaterThan(0)
  })
})

test.each([true, false])('a ControlNet with a weight of NaN is refused while it is loaded, lazily: %s', async lazy => {
  const weights = join(folder(), 'diffusion_pytorch_model.safetensors')
  await cp(goldenFolder('controlnet_sd15'), folder(), { recursive: true })
  const bytes = await readFile(weights)
  bytes.writeFloatLE(Number.NaN, bytes.length - 4)
  await writeFile(weights, bytes)
  const before = tf.memory().numTensors
  for (const load of [
    () => ControlNetModel.fromPretrained(folder(), { lazy }),
    () => ControlNetModel.fromSingleFile(weights, { lazy, config: folder(), subfolder: '.' }),
  ]) {
    const error = await load().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SafetensorsError)
    expect(error).toMatchObject({
      problem: 'non-finite',
      file: weights,
      message: expect.stringMatching(/of which 1 are NaN or infinite/),
    })
  }
  expect(tf.memory().numTensors).toBe(before)
})

describe('the inputs of a ControlNet', () => {
  test('are refused for a picture of another size, and for rows that do not fit', async () => {
    const inputs = await inputsOf<ControlNetInputs>('controlnet_sd15')
    const model = await ControlNetModel.fromPretrained(goldenFolder('controlnet_sd15'))
    const call = (shape: [number, number, number, number]) => () =>
      tf.tidy(() => void model.forward({ ...inputs, controlnetCond: tf.zeros(shape) }))
    expect(call([2, 64, 128, 3])).toThrow(ShapeMismatchError)
    expect(call([2, 64, 128, 3])).toThrow('"controlnetCond" must have the shape [pictures, 128, 128, 3]')
    expect(call([3, 128, 128, 3])).toThrow(ModelInputError)
    dispose(inputs)
    model.dispose()
  })

  test('may be fewer pictures than samples, which are repeated', async () => {
    const { controlnetCond, ...inputs } = await inputsOf<ControlNetInputs>('controlnet_sd15')
    const model = await ControlNetModel.fromPretrained(goldenFolder('controlnet_sd15'))
    const [one, two] = tf.tidy(() => {
      const picture = controlnetCond.slice([0], [1])
      return [picture, tf.tile(picture, [2, 1, 1, 1])] as const
    })
    const [a, b] = [
      model.forward({ ...inputs, controlnetCond: one }),
      model.forward({ ...inputs, controlnetCond: two }),
    ]
    expect(a.midBlockResSample).toBeCloseToTensor(b.midBlockResSample, { atol: 1e-6, rtol: 1e-6 })
    dispose(inputs, controlnetCond, one, two, a, b)
    model.dispose()
  })

  test('are refused for a kind that the model does not know, and for pictures without one', async () => {
    const inputs = await inputsOf<ControlNetUnionInputs>('controlnet_union')
    const model = await ControlNetUnionModel.fromPretrained(goldenFolder('controlnet_union'))
    await expect(model.call({ ...inputs, controlTypeIdx: [1, 6] })).rejects.toThrow('the kinds 0 to 5')
    await expect(model.call({ ...inputs, controlTypeIdx: [1] })).rejects.toThrow('a picture for each of the 1 kinds')
    dispose(inputs)
    model.dispose()
  })
})

describe('MultiControlNetModel', () => {
  test('adds the maps of its networks, and is loaded from the folders it is saved to', async () => {
    const { controlnetCond, conditioningScale: _, ...inputs } = await inputsOf<ControlNetInputs>('controlnet_sd15')
    const net = await ControlNetModel.fromPretrained(goldenFolder('controlnet_sd15'))
    const two = new MultiControlNetModel([net, net])
    await two.savePretrained(join(folder(), 'controlnet'))
    const loaded = await MultiControlNetModel.fromPretrained(folder(), { subfolder: 'controlnet' })
    expect(loaded.nets).toHaveLength(2)
    const both = await loaded.call({
      ...inputs,
      controlnetCond: [controlnetCond, controlnetCond],
      conditioningScale: [1, 0.5],
    })
    const single = await net.call({ ...inputs, controlnetCond, conditioningScale: 1.5 })
    expect(both.midBlockResSample).toBeCloseToTensor(single.midBlockResSample, { atol: 1e-4, rtol: 1e-4 })
    await expect(loaded.call({ ...inputs, controlnetCond: [controlnetCond] })).rejects.toThrow(
      'for each of the 2 networks',
    )
    dispose(inputs, controlnetCond, both, single)
    loaded.dispose()
    two.dispose()
  })

  test('does not skip a folder that holds no network', async () => {
    await cp(goldenFolder('controlnet_sd15'), join(folder(), 'net'), { recursive: true })
    await cp(goldenFolder('controlnet_sd15'), join(folder(), 'net_1'), { recursive: true })
    await rm(join(folder(), 'net_1', 'config.json'))
    await expect(MultiControlNetModel.fromPretrained(join(folder(), 'net'))).rejects.toThrow(MissingFileError)
    await expect(MultiControlNetModel.fromPretrained(join(folder(), 'other'))).rejects.toThrow(MissingFileError)
    expect(() => new MultiControlNetModel([])).toThrow(ModelInputError)
  })
})

describe('a UNet with a ControlNet in its call', () => {
  const load = async () => {
    const unet = await UNet2DConditionModel.fromPretrained(goldenFolder('unet_with_controlnet_union_residuals'))
    const union = await ControlNetUnionModel.fromPretrained(goldenFolder('controlnet_union'))
    const inputs = await inputsOf<ControlNetUnionInputs>('controlnet_union')
    const { controlnetCond: pictures, controlTypeIdx, controlType, conditioningScale, ...common } = inputs
    const idx = tf.tensor1d([...(controlTypeIdx as number[])], 'int32')
    const type = tf.tidy(() => controlType.slice([0, 0], [1]))
    const own = { pictures, scales: conditioningScale as number[], guessMode: false, kinds: { idx, type } }
    const end = () => {
      dispose(inputs, idx, type)
      unet.dispose()
      union.dispose()
    }
    return { unet, union, inputs, common, own, end }
  }

  test('predicts what it does with maps that were computed before', async () => {
    const { unet, union, inputs, common, own, end } = await load()
    const maps = await union.call(inputs)
    const before = await unet.call({
      ...common,
      downBlockAdditionalResiduals: maps.downBlockResSamples,
      midBlockAdditionalResidual: maps.midBlockResSample,
    })
    const within = await unet.call(common, { residuals: union.residualSources(own) })
    expect(within).toBeCloseToTensor(before, { atol: 1e-4, rtol: 1e-4 })
    dispose(maps, before, within)
    end()
  })

  test('adds maps to the chosen part of a batch alone, each part computed on its own', async () => {
    const { unet, union, common, own, end } = await load()
    const half = <T extends tf.Tensor>(x: T, at: number): T => tf.slice(x, at, 1)
    const rows = (at: number) => ({
      ...common,
      sample: half(common.sample, at),
      encoderHiddenStates: half(common.encoderHiddenStates, at),
      addedCondKwargs: {
        textEmbeds: half(common.addedCondKwargs?.textEmbeds as tf.Tensor2D, at),
        timeIds: half(common.addedCondKwargs?.timeIds as tf.Tensor2D, at),
      },
    })
    const pictures = own.pictures.map(picture => half(picture, 0))
    const residuals = union.residualSources({ ...own, pictures })
    const [first, second] = [rows(0), rows(1)]
    const all = await unet.call(common, {
      residuals: union.residualSources({ ...own, pictures, parts: [true, false] }),
    })
    const apart = [await unet.call(first, { residuals }), await unet.call(second)] as const
    const joined = tf.tidy(() => tf.concat([...apart]))
    expect(all).toBeCloseToTensor(joined, { atol: 1e-4, rtol: 1e-4 })
    dispose(
      all,
      apart,
      joined,
      pictures,
      [first, second].map(({ sample, encoderHiddenStates, addedCondKwargs }) => [
        sample,
        encoderHiddenStates,
        addedCondKwargs,
      ]),
    )
    end()
  })

  test('does not fit a UNet of another form', async () => {
    const { unet, union, end } = await load()
    const other = await ControlNetModel.fromPretrained(goldenFolder('controlnet_sd15'))
    expect(union.mismatch(unet)).toBeUndefined()
    expect(other.mismatch(unet)).toBe('its cross_attention_dim is 32, and that of the UNet 16')
    other.dispose()
    end()
  })
})

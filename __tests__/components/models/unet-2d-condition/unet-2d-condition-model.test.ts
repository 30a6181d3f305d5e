import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { ModelInputError } from '../../../../components/models/model-input-error'
import type { UNet2DConditionInputs } from '../../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { WeightsNotLoadedError } from '../../../../components/nn/weights-not-loaded-error'
import { ShapeMismatchError } from '../../../../src/errors/shape-mismatch-error'
import { GoldenModelCase, goldenCalls, goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

const cases = [
  'unet_sd15',
  'unet_sd2',
  'unet_sdxl',
  'unet_class_labels',
  'unet_resnet_downsample',
  'unet_scale_shift',
  'unet_with_controlnet_residuals',
]

type Shape = [number, number, number, number]

const small = {
  in_channels: 4,
  out_channels: 4,
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  cross_attention_dim: 16,
  norm_num_groups: 4,
}

describe.each([
  ['wasm', cases],
  ['cpu', ['unet_class_labels', 'unet_resnet_downsample', 'unet_scale_shift']],
] as const)('UNet2DConditionModel on %s', (backend, names) => {
  useBackend(backend)

  describe.each(names)('in the case %s', name => {
    test.each(goldenCalls(name))('computes what the reference does in the call $name', async call => {
      const golden = await GoldenModelCase.open(name)
      const model = await UNet2DConditionModel.fromPretrained(goldenFolder(name))
      const inputs = golden.inputs<UNet2DConditionInputs>(call)
      const before = tf.memory().numTensors
      const sample = golden.withTaps(call, model, () => model.forward(inputs))
      expect(tf.memory().numTensors).toBe(before + 1)
      golden.expectOutputs(call, { sample })
      tf.dispose([sample, inputs as object as tf.TensorContainer])
      model.dispose()
    })
  })
})

describe('the config of UNet2DConditionModel', () => {
  test('is complete, in camelCase and frozen', () => {
    const { config } = UNet2DConditionModel.fromConfig(small)
    expect(config).toMatchObject({
      crossAttentionDim: 16,
      layersPerBlock: 2,
      actFn: 'silu',
      normEps: 1e-5,
      sampleSize: null,
    })
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.downBlockTypes)).toBe(true)
  })

  test('makes the same model from camelCase', () => {
    const { config } = UNet2DConditionModel.fromConfig(small)
    expect(UNet2DConditionModel.fromConfig(config).config).toEqual(config)
  })

  test('gives the parameters the names and shapes of a state dict', () => {
    const shapes = new Map(
      [...UNet2DConditionModel.fromConfig(small).namedParameters()].map(([name, parameter]) => [name, parameter.shape]),
    )
    expect(shapes.get('down_blocks.0.resnets.0.norm1.weight')).toEqual([8])
    expect(shapes.get('down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_k.weight')).toEqual([8, 16])
    expect(shapes.get('time_embedding.linear_1.weight')).toEqual([32, 8])
    expect(shapes.get('mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.weight')).toEqual([128, 16])
    expect(shapes.get('up_blocks.1.resnets.2.conv_shortcut.weight')).toEqual([8, 16, 1, 1])
  })

  const fails = (change: object) => {
    try {
      UNet2DConditionModel.fromConfig({ ...small, ...change }, 'unet/config.json')
    } catch (error) {
      return error as ConfigError
    }
    throw new Error('No error.')
  }

  test('names an unknown kind of block, the file and the kinds there are', () => {
    const error = fails({ down_block_types: ['CrossAttnDownBlock2D', 'KDownBlock2D'] })
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.problems.map(({ key }) => key)).toEqual(['down_block_types.1'])
    expect(error.message).toContain('unet/config.json')
    expect(error.message).toContain('"KDownBlock2D" is not supported; supported: "DownBlock2D", "CrossAttnDownBlock2D"')
  })

  test.each([
    ['act_fn', { act_fn: 'tanh' }, '"tanh" is not supported; supported: "silu", "swish", "gelu", "relu"'],
    ['class_embed_type', { class_embed_type: 'identity' }, 'supported: "projection"'],
    ['dual_cross_attention', { dual_cross_attention: true }, 'true is not supported; supported: false'],
    ['encoder_hid_dim_type', { encoder_hid_dim_type: 'text_proj' }, '"text_proj" is not supported; supported: null'],
    ['cross_attention_dim', { cross_attention_dim: undefined }, 'is missing'],
    ['cross_attention_dim', { cross_attention_dim: 'wide' }, 'must be of type number or array, but is "wide"'],
    ['block_out_channels', { block_out_channels: undefined }, 'is missing'],
    ['in_channels', { in_channels: 'four' }, 'must be of type number, but is "four"'],
    ['attention_head_dim', { attention_head_dim: [1, 2, 3] }, 'has 3 elements, but block_out_channels has 2'],
    ['norm_num_groups', { norm_num_groups: 3 }, '3 does not divide block_out_channels (8,16)'],
    [
      'addition_time_embed_dim',
      { addition_embed_type: 'text_time', projection_class_embeddings_input_dim: 80 },
      'is needed',
    ],
  ])('is refused for a wrong %s', (key, change, text) => {
    const error = fails(change)
    expect(error.problems).toEqual([{ key, problem: expect.stringContaining(text) }])
  })

  test('is refused with all that is wrong at once', () => {
    const error = fails({ act_fn: 'tanh', in_channels: 0, norm_eps: 'small' })
    expect(error.problems.map(({ key }) => key).sort()).toEqual(['act_fn', 'in_channels', 'norm_eps'])
  })
})

describe('the inputs of UNet2DConditionModel', () => {
  useBackend('wasm')

  const expectRefused = (config: object, change: (inputs: UNet2DConditionInputs) => object) => {
    const model = UNet2DConditionModel.fromConfig({ ...small, ...config })
    let caught: unknown
    tf.tidy(() => {
      const inputs = {
        sample: tf.zeros<tf.Rank.R4>([2, 8, 8, 4]),
        timestep: 1,
        encoderHiddenStates: tf.zeros<tf.Rank.R3>([2, 5, 16]),
      }
      try {
        model.forward({ ...inputs, ...change(inputs) })
      } catch (error) {
        caught = error
      }
    })
    return expect(caught as ShapeMismatchError | ModelInputError)
  }

  test('are refused before anything is computed, here by a model without weights', () => {
    expectRefused({}, () => ({})).toBeInstanceOf(WeightsNotLoadedError)
    expectRefused({}, () => ({ sample: tf.zeros([2, 4, 8, 8]) })).toBeInstanceOf(ShapeMismatchError)
  })

  test('name the model, the parameter, what was expected and what came', () => {
    expectRefused({}, () => ({ encoderHiddenStates: tf.zeros([2, 5, 12]) })).toMatchObject({
      parameter: 'encoderHiddenStates',
      message: expect.stringMatching(/^UNet2DConditionModel: .*\[batch, token, 16\], but has \[2, 5, 12\]/),
    })
  })

  test.each([
    ['a batch of another size', 'encoderHiddenStates', () => ({ encoderHiddenStates: tf.zeros([1, 5, 16]) })],
    ['timesteps for another batch', 'timestep', () => ({ timestep: tf.zeros([3]) })],
    ['a mask of another length', 'encoderAttentionMask', () => ({ encoderAttentionMask: tf.ones([2, 6]) })],
    ['labels for a model without classes', 'classLabels', () => ({ classLabels: tf.zeros([2]) })],
    ['a condition that the model does not take', 'timestepCond', () => ({ timestepCond: tf.zeros([2, 4]) })],
    [
      'residuals for the mid block alone',
      'downBlockAdditionalResiduals',
      () => ({ midBlockAdditionalResidual: tf.zeros([2, 4, 4, 16]) }),
    ],
    ['no sample', 'sample', () => ({ sample: undefined })],
  ])('are refused with %s', (_, parameter, change) => {
    expectRefused({}, change).toMatchObject({ parameter })
  })

  test.each([
    ['classLabels', { num_class_embeds: 10 }, {}],
    [
      'classLabels',
      { class_embed_type: 'projection', projection_class_embeddings_input_dim: 9 },
      { classLabels: [2, 8] },
    ],
    ['timestepCond', { time_cond_proj_dim: 12 }, { timestepCond: [2, 11] }],
  ])('are refused where %s does not fit the config', (parameter, config, shapes: Record<string, number[]>) => {
    const change = () => Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.zeros(shape)]))
    expectRefused(config, change).toMatchObject({ parameter })
  })

  test("are refused where SDXL's conditions do not fit", () => {
    const config = {
      addition_embed_type: 'text_time',
      addition_time_embed_dim: 8,
      projection_class_embeddings_input_dim: 80,
    }
    expectRefused(config, () => ({})).toMatchObject({ parameter: 'addedCondKwargs' })
    const addedCondKwargs = () => ({ textEmbeds: tf.zeros([2, 30]), timeIds: tf.zeros([2, 6]) })
    expectRefused(config, () => ({ addedCondKwargs: addedCondKwargs() })).toMatchObject({
      parameter: 'addedCondKwargs.textEmbeds',
      message: expect.stringContaining('[batch, 32]'),
    })
  })

  test('are refused where the residuals are too few or of another shape', async () => {
    const model = await UNet2DConditionModel.fromPretrained(goldenFolder('unet_resnet_downsample'))
    const call = (down: Shape[], mid: Shape) => () =>
      tf.tidy(() =>
        model.forward({
          sample: tf.zeros([1, 8, 8, 4]),
          timestep: 1,
          encoderHiddenStates: tf.zeros([1, 5, 16]),
          downBlockAdditionalResiduals: down.map(shape => tf.zeros(shape)),
          midBlockAdditionalResidual: tf.zeros(mid),
        }),
      )
    const [large, small, mid]: [Shape, Shape, Shape] = [
      [1, 8, 8, 8],
      [1, 4, 4, 8],
      [1, 4, 4, 16],
    ]
    expect(call([large], mid)).toThrow('"downBlockAdditionalResiduals" must hold 4 maps, but holds 1')
    expect(call([large, large, large, mid], mid)).toThrow(
      '"downBlockAdditionalResiduals.2" must have the shape [1, 4, 4, 8]',
    )
    expect(call([large, large, small, mid], [1, 1, 1, 16])).toThrow(
      '"midBlockAdditionalResidual" must have the shape [1, 4, 4, 16]',
    )
    model.dispose()
  })
})

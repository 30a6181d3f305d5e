import { z } from 'zod'
import {
  ComponentSpec,
  DEFAULT_NODES,
  DeclarationError,
  type In,
  Input,
  type InputParamOptions,
  MellonConfigError,
  MellonParam,
  MellonPipelineConfig,
  ModularPipelineBlocks,
  SequentialPipelineBlocks,
} from '../../../src'
import { required, toy } from '../fixtures/toy-blocks'
import recorded from './recorded.json'

const kind = (name: string, mellon: unknown, options: Partial<InputParamOptions> = {}): InputParamOptions => ({
  name,
  metadata: { mellon },
  ...options,
})
const components = (...names: string[]) => names.map(name => new ComponentSpec({ name }))

/** The blocks of testing/goldens/peers/mellon_nodes.py, which wrote recorded.json. */
const upscale = toy({
  name: 'MyUpscaleBlock',
  inputs: [
    kind('prompt', 'textbox', { required: true }),
    kind('negativePrompt', 'textbox', { default: 'blur' }),
    kind('image', 'image', { required: true }),
    kind('mode', 'dropdown', { default: 'fast' }),
    kind('emptyMode', 'dropdown'),
    kind('scale', 'slider', { default: 1.5 }),
    kind('tileCount', 'slider', { default: 4 }),
    kind('zero', 'number', { default: 0 }),
    kind('overlap', 'number', { default: 0.25 }),
    kind('generator', 'seed', { default: 7 }),
    kind('keepColor', 'checkbox', { default: true }),
    kind('plain', 'checkbox'),
    kind('upscaler', 'model'),
    kind('video', 'video'),
    'maskBlur',
    kind(
      'ready',
      new MellonParam({
        name: 'ready',
        label: 'Ready *',
        type: 'float',
        display: 'slider',
        default: 0.5,
        min: 0,
        max: 1,
      }),
      { required: true },
    ),
    { name: null, kwargsType: 'denoiserInputFields' },
  ],
  outputs: [
    { name: 'image', metadata: { mellon: 'image' } },
    { name: 'clip', metadata: { mellon: 'video' } },
    { name: 'caption', metadata: { mellon: 'text' } },
    { name: 'net', metadata: { mellon: 'model' } },
    'latents',
  ],
  components: components('vae', 'textEncoder2'),
})

class Family extends SequentialPipelineBlocks {
  override get modelName() {
    return 'my-family'
  }
}
const textEncoder = toy({
  inputs: ['prompt', 'other'],
  outputs: ['promptEmbeds'],
  components: components('textEncoder'),
})
const vaeEncoder = toy({ inputs: ['image'], outputs: ['imageLatents'], components: components('vae') })
const whole = Family.fromBlocksDict({
  textEncoder,
  vaeEncoder,
  denoise: toy({
    inputs: ['width', 'height', 'generator', 'numInferenceSteps', 'strength', 'imageLatents', 'layers'],
    outputs: ['latents'],
    components: components('unet', 'scheduler', 'guider'),
  }),
  decode: toy({ inputs: ['latents'], outputs: ['images'], components: components('vae') }),
})

/** Order counts: the editor shows fields as they stand. */
const text = (value: unknown) => JSON.stringify(value, null, 2)

describe('MellonPipelineConfig', () => {
  test('makes of a custom block what the reference makes', () => {
    expect(text(MellonPipelineConfig.fromCustomBlock(upscale).toDict())).toBe(text(recorded.custom))
  })

  test('lets kinds be given in place of the metadata, in either spelling of the names', () => {
    for (const name of ['maskBlur', 'mask_blur']) {
      const config = MellonPipelineConfig.fromCustomBlock(upscale, {
        label: 'My node',
        inputTypes: { scale: 'number', [name]: 'slider' },
        outputTypes: { latents: 'image' },
      })
      expect(text(config.toDict())).toBe(text(recorded.custom_types))
    }
  })

  test('keeps the required inputs of a custom block', () => {
    const config = MellonPipelineConfig.fromCustomBlock(toy({ inputs: [required('prompt'), 'other'] }))
    expect(config.nodeSpecs?.custom?.requiredInputs).toEqual(['prompt'])
    expect(config.nodeParams.custom?.params.prompt?.label).toBe('Prompt *')
    expect(config.nodeParams.custom?.params.other?.label).toBe('Other')
  })

  test('makes of the blocks of a pipeline what the reference makes', () => {
    expect(text(MellonPipelineConfig.fromBlocks(whole).toDict())).toBe(text(recorded.blocks))
    const part = Family.fromBlocksDict({ textEncoder, denoise: vaeEncoder })
    const options = { label: 'Mine', defaultRepo: 'me/mine', defaultDtype: 'float16' }
    expect(text(MellonPipelineConfig.fromBlocks(part, options).toDict())).toBe(text(recorded.blocks_named))
  })

  test('takes other nodes to look for', () => {
    const template = {
      own: { outputs: [MellonParam.template('doc')], blockName: 'denoise' },
      none: null,
      lost: { blockName: 'x' },
    }
    const { nodeParams } = MellonPipelineConfig.fromBlocks(whole, { template })
    expect(Object.entries(nodeParams).map(([type, node]) => [type, node?.output_names ?? null])).toEqual([
      ['own', ['doc']],
      ['none', null],
      ['lost', null],
    ])
    expect(Object.keys(DEFAULT_NODES)).toEqual(['controlnet', 'denoise', 'vae_encoder', 'text_encoder', 'decoder'])
  })

  test('tells numbers with fractions by their schema, as 1 and 1.0 are one number here', () => {
    class Numbers extends ModularPipelineBlocks {
      @Input({ schema: z.number(), default: 1, metadata: { mellon: 'slider' } }) scale!: In<number>
      @Input({ schema: z.int(), default: 1, metadata: { mellon: 'slider' } }) count!: In<number>
      @Input({ default: 1, metadata: { mellon: 'number' } }) plain!: In<number>
      run() {}
    }
    const { params } = MellonPipelineConfig.fromCustomBlock(new Numbers()).nodeParams.custom ?? {}
    expect(params?.scale).toMatchObject({ type: 'float', step: 0.01 })
    expect(params?.count).toMatchObject({ type: 'int', step: 1 })
    expect(params?.plain).toEqual({ label: 'Plain', type: 'int', default: 1 })
  })

  test('survives its file', () => {
    const config = MellonPipelineConfig.fromBlocks(whole)
    const read = MellonPipelineConfig.fromJsonString(config.toJsonString())
    expect(read.toJsonString()).toBe(config.toJsonString())
    expect(config.toJsonString()).toMatch(/^\{\n {2}"label": "my-family",\n[\s\S]*\n\}\n$/)
    expect(read.nodeSpecs).toBeUndefined()
    expect(String(read)).toBe(String(config))
    expect(String(read)).toContain('  controlnet: none\n  denoise: embeddings, width,')
    expect(MellonPipelineConfig.fromDict({}).toDict()).toEqual({
      label: '',
      default_repo: '',
      default_dtype: '',
      node_params: {},
    })
  })

  test.each([
    ['not json', 'is not JSON'],
    ['[]', 'holds no nodes'],
    ['null', 'holds no nodes'],
    ['{"node_params": {"a": 3}}', 'holds no nodes'],
    ['{"node_params": {"a": {"params": {"x": 1}}}}', 'holds no nodes'],
  ])('refuses a file that holds %s', (content, problem) => {
    const read = () => MellonPipelineConfig.fromJsonString(content, 'a.json')
    expect(read).toThrow(MellonConfigError)
    expect(read).toThrow(`a.json: ${problem}`)
  })
})

describe('MellonParam', () => {
  test('fills in options of a dropdown, and knows its templates', () => {
    expect(MellonParam.Input.dropdown('mode', ['fast', 'slow']).toDict()).toEqual({
      label: 'Mode',
      type: 'string',
      options: ['fast', 'slow'],
      value: 'fast',
    })
    expect(MellonParam.Input.slider('a', { default: 1, step: 0.5, max: 3 }).toDict()).toMatchObject({
      type: 'float',
      min: 1,
      max: 3,
    })
    expect(MellonParam.template('prompt', { default: 'a cat' }).toDict().default).toBe('a cat')
    expect(MellonParam.Output.text('image2image_caption').label).toBe('Image2Image Caption')
    expect(() => MellonParam.template('toString')).toThrow(DeclarationError)
  })
})

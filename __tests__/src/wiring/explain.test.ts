import { AutoPipelineBlocks, type BlockSource, Branch, ComponentSpec, SequentialPipelineBlocks } from '../../../src'
import { Repeat, required, toy } from '../fixtures/toy-blocks'

class UNet {}
class Guider {}

class Encode extends AutoPipelineBlocks {
  @Branch({ when: 'image' }) img2img: BlockSource = toy({ inputs: [required('image')], outputs: ['latents'] })
  @Branch() text2img: BlockSource = toy({ inputs: [{ name: 'seed', default: 3 }], outputs: ['latents'] })
}

const blocks = SequentialPipelineBlocks.fromBlocksDict({
  encode: Encode,
  denoise: Repeat.fromBlocksDict({
    predict: toy({
      inputs: [required('latents'), { name: 'strength', default: 0.9 }],
      outputs: ['noise'],
      components: [
        new ComponentSpec({ name: 'unet', typeHint: UNet }),
        new ComponentSpec({ name: 'vae', pretrainedModelNameOrPath: 'models/emoji', subfolder: 'vae' }),
        new ComponentSpec({ name: 'guider', typeHint: Guider, config: { scale: 7.5 } }),
      ],
    }),
    update: toy({ inputs: [required('noise'), required('latents')], outputs: ['latents'] }),
  }),
  decode: toy({ inputs: [required('latents'), 'outputType', required('decoder')] }),
})

const text = (inputs: Record<string, unknown>) => String(blocks.explain(inputs)).split('\n')

describe('explain()', () => {
  test('says for each input of each block where its value comes from', () => {
    expect(text({ numSteps: 2, outputType: 'latent' })).toEqual([
      'encode > text2img',
      '  seed: default 3 of encode > text2img',
      'denoise',
      '  numSteps: given',
      '  latents: written by encode > text2img',
      '  strength: default 0.9 of denoise',
      'denoise > predict',
      '  latents: written by encode > text2img, or written by denoise > update',
      '  strength: default 0.9 of denoise',
      '  unet (UNet): from the model folder that the pipeline is made from, or container.register()',
      '  vae (any class): from models/emoji/vae',
      '  guider (Guider): from its config {"scale":7.5}',
      'denoise > update',
      '  noise: written by denoise > predict',
      '  latents: written by encode > text2img, or written by denoise > update',
      'decode',
      '  latents: written by encode > text2img, or written by denoise > update',
      '  outputType: given',
      '  decoder: MISSING',
    ])
  })

  test('follows the branch that the inputs choose', () => {
    expect(text({ image: 1 }).slice(0, 2)).toEqual(['encode > img2img', '  image: given'])
    expect(text({ image: null })[0]).toBe('encode > text2img')
  })

  test('follows all branches that may run, and says that it is not certain', () => {
    const open = SequentialPipelineBlocks.fromBlocksDict({ make: toy({ outputs: ['image'] }), encode: Encode })
    expect(open.explain().inputs.map(({ block, certain }) => [block, certain])).toEqual([
      ['encode > text2img', false],
      ['encode > img2img', false],
    ])
  })

  test('is a plain object too', () => {
    const { inputs, components } = blocks.explain({ outputType: 'latent' })
    expect(inputs.find(entry => entry.input === 'seed')).toEqual({
      block: 'encode > text2img',
      input: 'seed',
      required: false,
      certain: true,
      sources: [{ kind: 'default', block: 'encode > text2img', value: 3 }],
    })
    expect(components.map(entry => entry.component)).toEqual(['unet', 'vae', 'guider'])
  })

  test('works on a leaf, a loop and a pipeline', () => {
    expect(String(toy({ name: 'Leaf', inputs: [required('x')] }).explain())).toBe('Leaf\n  x: MISSING')
    expect(String(Repeat.fromBlocksDict({}).explain({ numSteps: 1 }))).toBe('Repeat\n  numSteps: given')
    expect(String(blocks.initPipeline().explain({ image: 1 }))).toBe(String(blocks.explain({ image: 1 })))
  })
})

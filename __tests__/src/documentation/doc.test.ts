import { z } from 'zod'
import {
  AutoPipelineBlocks,
  Block,
  type BlockSource,
  Branch,
  Component,
  ComponentSpec,
  Config,
  type In,
  Input,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  SequentialPipelineBlocks,
  Step,
} from '../../../src'
import { IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'

class UNet {}

@Block({ description: 'Predicts the noise.\nUses guidance.' })
class Predict extends ModularPipelineBlocks {
  @Component(UNet, { description: 'The denoiser.', subfolder: 'unet' }) unet!: UNet
  @Config({ default: true, description: 'Zeros for an empty prompt.' }) forceZeros!: boolean
  @Input(z.string().describe('What the picture should show.')) prompt!: In<string>
  @Input(z.int().default(50).describe('How many steps.')) steps!: In<number>
  @Input(z.union([z.string(), z.array(z.string())]).optional()) negative!: In<string | string[] | undefined>
  @Input({ default: 'pil', required: false }) outputType!: In<string>
  @Input({ name: null, description: 'Conditions.' }) embeds!: In<object>
  @Output(z.array(z.number()).describe(Array.from({ length: 40 }, () => 'word').join('  \n '))) noise!: Out<number[]>
  run() {}
}

class Auto extends AutoPipelineBlocks {
  @Branch({ when: 'mask' }) inpaint: BlockSource = toy({
    name: 'Inpaint',
    inputs: [required('mask'), { name: 'strength', default: 0.9999 }],
  })
  @Branch({ when: 'image' }) img2img: BlockSource = toy({ inputs: ['image', { name: 'strength', default: 0.3 }] })
  @Branch({ otherwise: true }) text2img: BlockSource = toy({
    name: 'Text2Img',
    inputs: [{ name: 'strength', default: 0.3 }],
  })
}

describe('doc', () => {
  test('of a leaf lists what it needs, takes and gives', () => {
    const word = Array.from({ length: 23 }, () => 'word').join(' ')
    expect(new Predict().doc.split('\n')).toEqual([
      'class Predict',
      '',
      '  Predicts the noise.',
      '  Uses guidance.',
      '',
      '  Components:',
      '      unet (`UNet`): The denoiser. [subfolder=unet]',
      '',
      '  Configs:',
      '      forceZeros (default: true): Zeros for an empty prompt.',
      '',
      '  Inputs:',
      '      prompt (`string`):',
      '          What the picture should show.',
      '      steps (`number`, *optional*, defaults to 50):',
      '          How many steps.',
      '      negative (`string | string[]`, *optional*):',
      '          No description.',
      '      outputType (`any`, *optional*, defaults to "pil"):',
      '          No description.',
      '      **embeds (`any`, *optional*):',
      '          Conditions.',
      '',
      '  Outputs:',
      '      noise (`number[]`):',
      `          ${word}`,
      `          ${Array.from({ length: 17 }, () => 'word').join(' ')}`,
    ])
    expect(word.length).toBeLessThanOrEqual(115)
    expect(`${word} word`.length).toBeGreaterThan(115)
  })

  test('leaves out what is not there', () => {
    expect(toy({ name: 'Nothing' }).doc).toBe('class Nothing')
  })

  test('joins the different defaults of branches', () => {
    expect(new Auto().doc).toContain(
      '      strength (`any`, *optional*, defaults to 0.9999 or 0.3, depending on the workflow):',
    )
  })

  test('says of a default that only some branches have that the others have none', () => {
    class Sometimes extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a: BlockSource = toy({ inputs: [required('image'), { name: 'seed', default: 0 }] })
      @Branch() b: BlockSource = toy({ inputs: ['seed'] })
    }
    expect(new Sometimes().doc).toContain(
      '      seed (`any`, *optional*, defaults to 0 or none, depending on the workflow):',
    )
  })

  test('keeps a word that is longer than a line whole', () => {
    const long = 'x'.repeat(200)
    const block = toy({ inputs: [{ name: 'a', description: `see ${long} there` }] })
    expect(block.doc.split('\n').slice(-3)).toEqual(['          see', `          ${long}`, '          there'])
  })

  test('shows where components are loaded from', () => {
    const spec = new ComponentSpec({ name: 'vae', pretrainedModelNameOrPath: 'a/b', variant: 'fp16', revision: 'main' })
    expect(toy({ components: [spec] }).doc).toContain(
      '      vae (`any`) [pretrainedModelNameOrPath=a/b, variant=fp16, revision=main]',
    )
  })

  test('of a sequence lists its workflows, and what override of outputs it makes', () => {
    @Block({ description: 'Draws.' })
    class Draw extends SequentialPipelineBlocks {
      @Step() auto = Auto
      @Step() make: BlockSource = toy({ outputs: ['images', 'latents'] })
      override get workflowMap() {
        return { text2image: {}, image2image: [{ image: true }, { imageLatents: true, strength: true }] } as const
      }
      override get outputs() {
        return super.outputs.filter(output => output.name === 'images')
      }
    }
    const lines = new Draw().doc.split('\n')
    expect(lines.slice(2, 7)).toEqual([
      '  Draws.',
      '',
      '  Supported workflows:',
      '    - `text2image`: the default, needs nothing more',
      '    - `image2image`: requires `image` or `imageLatents`, `strength`',
    ])
    const outputs = lines.indexOf('  Outputs:')
    expect(lines.slice(outputs + 1)).toEqual([
      '      images (`any`):',
      '          No description.',
      '',
      '  Triggers:',
      '      auto: `inpaint` with `mask`; `img2img` with `image`; `text2img` otherwise',
    ])
  })

  test('lists what chooses among branches, at any depth', () => {
    class Outer extends AutoPipelineBlocks {
      @Branch({ when: 'both' }) inner = Auto
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ outer: Outer, predict: Predict })
    expect(blocks.doc.split('\n').slice(-4)).toEqual([
      '',
      '  Triggers:',
      '      outer: `inner` with `both`; none otherwise',
      '      outer > inner: `inpaint` with `mask`; `img2img` with `image`; `text2img` otherwise',
    ])
    expect(new Auto().doc).toContain('\n      the whole: `inpaint` with `mask`; ')
  })

  test('of a loop lists the inputs of the loop and its parts', () => {
    expect(Repeat.fromBlocksDict({ a: IncrementStep }).doc).toContain('      numSteps (`any`):')
    expect(Repeat.fromBlocksDict({ a: IncrementStep }).doc).toContain('      x (`any`):')
  })
})

describe('toString()', () => {
  const text = (block: ModularPipelineBlocks) => String(block).split('\n')

  test('of a leaf shows its class, inputs and outputs', () => {
    expect(text(new Predict())).toEqual([
      'Predict(',
      '  Class: ModularPipelineBlocks',
      '  Description:',
      '    Predicts the noise.',
      '    Uses guidance.',
      '  Components:',
      '    unet (`UNet`): The denoiser. [subfolder=unet]',
      '  Configs:',
      '    forceZeros (default: true): Zeros for an empty prompt.',
      '  Inputs:',
      '    <prompt: required>',
      '    <steps: optional, default=50>',
      '    <negative: optional>',
      '    <outputType: optional, default="pil">',
      '    <**embeds: optional>',
      '  Outputs:',
      '    <noise: number[]>',
      ')',
    ])
  })

  test('of a choice shows its triggers, sorted, and marks its default', () => {
    const lines = text(new Auto())
    expect(lines.slice(0, 5)).toEqual([
      'Auto(',
      '  Class: AutoPipelineBlocks',
      '='.repeat(100),
      '  Trigger inputs: image, mask',
      '='.repeat(100),
    ])
    expect(lines.slice(5)).toEqual([
      '  Sub-Blocks:',
      '    • inpaint (Inpaint)',
      '    • img2img (Toy)',
      '    • text2img [default] (Text2Img)',
      ')',
    ])
  })

  test('of a sequence numbers its parts, with their descriptions and a hint on triggers', () => {
    const lines = text(
      SequentialPipelineBlocks.fromBlocksDict({ auto: Auto, predict: Predict }, { description: 'Draws.' }),
    )
    expect(lines).toContain('  Trigger inputs: image, mask')
    expect(lines).toContain('  See which blocks an input chooses: blocks.getExecutionBlocks({ image: true })')
    const parts = lines.indexOf('  Sub-Blocks:')
    expect(lines.slice(parts + 1, parts + 5)).toEqual([
      '    [0] auto (Auto)',
      '    [1] predict (Predict)',
      '       Predicts the noise.',
      '       Uses guidance.',
    ])
  })

  test('of a sequence with workflows, and of a loop, has no word on triggers', () => {
    class Draw extends SequentialPipelineBlocks {
      @Step() auto = Auto
      override get workflowMap() {
        return { text2image: {} }
      }
    }
    expect(String(new Draw())).not.toContain('Trigger inputs')
    class Loop extends Repeat {
      @LoopStep() auto = Auto
    }
    expect(String(new Loop())).not.toContain('Trigger inputs')
    expect(text(new Loop()).slice(-3)).toEqual(['  Sub-Blocks:', '    [0] auto (Auto)', ')'])
  })
})

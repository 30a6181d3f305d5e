import { StableDiffusionTextToImageBlocks } from '../../../blocks'
import {
  AutoPipelineBlocks,
  Block,
  type BlockSource,
  Branch,
  ComponentSpec,
  ConditionalPipelineBlocks,
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

@Block({ description: 'Predicts the <noise>.\nUses guidance.', version: '1.2.0', stability: 'beta', modelName: 'sd' })
class Predict extends ModularPipelineBlocks {
  @Config({ default: true, description: 'Zeros for an empty prompt.' }) forceZeros!: boolean
  @Input({ description: 'What | the picture\nshould show.', typeHint: 'string | string[]' }) prompt!: In<string>
  @Input({ default: 'a`b' }) mark!: In<string>
  @Input({ kwargsType: 'embeds', required: false }) embed!: In<number>
  @Input({ name: null, kwargsType: 'embeds' }) embeds!: In<object>
  @Output({ kwargsType: 'embeds', typeHint: 'number[]' }) noise!: Out<number[]>
  override get expectedComponents() {
    return [
      new ComponentSpec({
        name: 'unet',
        typeHint: UNet,
        description: 'The denoiser.',
        subfolder: 'unet',
        variant: 'fp16',
      }),
      new ComponentSpec({ name: 'guider', config: { scale: 7.5 } }),
      new ComponentSpec({ name: 'vae' }),
    ]
  }
  run() {
    this.noise = []
  }
}

class Auto extends AutoPipelineBlocks {
  @Branch({ when: 'mask' }) inpaint: BlockSource = toy({ inputs: [required('mask'), { name: 's', default: 2 }] })
  @Branch({ when: 'image' }) img2img: BlockSource = toy({ inputs: [required('image'), { name: 's' }] })
}

/** Cells of the rows below a heading. */
function rowsOf(markdown: string, heading: string): string[][] {
  const lines = markdown.split('\n')
  const start = lines.indexOf(heading)
  expect(start).toBeGreaterThanOrEqual(0)
  const rows: string[][] = []
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break
    rows.push(
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim()),
    )
  }
  return rows
}

/** Every table of a text has as many cells in each row as in its head. */
function checkTables(markdown: string): void {
  const tables = markdown
    .trimEnd()
    .split('\n\n')
    .filter(part => part.startsWith('|'))
  expect(tables.length).toBeGreaterThan(0)
  for (const text of tables) {
    const widths = text.split('\n').map(line => line.split(/(?<!\\)\|/).length)
    expect(new Set(widths).size).toBe(1)
    expect(text.split('\n')[1]).toMatch(/^\|( --- \|)+$/)
  }
}

describe('toMarkdown()', () => {
  test('of a leaf has a table for each kind of declaration', () => {
    const text = new Predict().toMarkdown()
    checkTables(text)
    expect(text.split('\n').slice(0, 6)).toEqual([
      '# Predict',
      '',
      'Predicts the &lt;noise>.',
      'Uses guidance.',
      '',
      'Kind: a single block · Family: `sd` · Version: 1.2.0 · Stability: beta',
    ])
    expect(rowsOf(text, '## Inputs')).toEqual([
      ['Name', 'Type', 'Default', 'Description'],
      ['---', '---', '---', '---'],
      ['`prompt`', '`string \\| string[]`', '**required**', 'What \\| the picture<br>should show.'],
      ['`mark`', '`any`', '``"a`b"``', ''],
      ['`embed`', '`any` in the group `embeds`', 'none', ''],
      ['`**embeds`', 'all values of the group', 'none', ''],
    ])
    expect(rowsOf(text, '## Outputs').slice(2)).toEqual([['`noise`', '`number[]` in the group `embeds`']])
    expect(rowsOf(text, '## Components').slice(2)).toEqual([
      ['`unet`', '`UNet`', 'loaded: subfolder `unet`, variant `fp16`', 'The denoiser.'],
      ['`guider`', '`any`', 'from the settings `{scale: 7.5}`', ''],
      ['`vae`', '`any`', 'loaded from the model folder, or registered', ''],
    ])
    expect(rowsOf(text, '## Settings').slice(2)).toEqual([['`forceZeros`', '`true`', 'Zeros for an empty prompt.']])
  })

  test('shows triggers, the defaults of branches, workflows and parts', () => {
    @Block({ description: 'Draws.' })
    class Draw extends SequentialPipelineBlocks {
      @Step() auto = Auto
      @Step() loop: BlockSource = Repeat.fromBlocksDict({ add: IncrementStep })
      @Step() make: BlockSource = toy({ outputs: ['images', 'latents'] })
      override get workflowMap() {
        return { text2image: {}, image2image: [{ image: true }, { mask: true, s: true }] } as const
      }
      override get outputs() {
        return super.outputs.filter(output => output.name === 'images')
      }
    }
    const text = new Draw().toMarkdown({ level: 2 })
    checkTables(text)
    expect(text).toMatch(/^## Draw\n/)
    expect(rowsOf(text, '### Inputs').find(([name]) => name === '`s`')?.[2]).toBe(
      '`2` or `none`, by the branch that runs',
    )
    expect(rowsOf(text, '### Outputs').slice(2)).toEqual([['`images`', '`any`']])
    expect(
      rowsOf(text, '### Also written into the state')
        .slice(2)
        .map(([name]) => name),
    ).toEqual(['`x`', '`latents`'])
    expect(rowsOf(text, '### Workflows').slice(2)).toEqual([
      ['`text2image`', 'the default: needs nothing more'],
      ['`image2image`', '`image` or `mask`, `s`'],
    ])
    expect(rowsOf(text, '### Triggers').slice(2)).toEqual([
      ['`auto`', '`inpaint`', 'with `mask`'],
      ['`auto`', '`img2img`', 'with `image`'],
      ['`auto`', 'none of them', 'otherwise'],
    ])
    expect(text.split('### Blocks\n\n')[1]?.split('\n')).toEqual([
      '1. **auto** (`Auto`, a choice)',
      '   - **inpaint** (`Toy`)',
      '   - **img2img** (`Toy`)',
      '2. **loop** (`Repeat`, a loop): Iterates numSteps times.',
      '   1. **add** (`IncrementStep`): Adds one to x in every iteration.',
      '3. **make** (`Toy`)',
      '',
    ])
  })

  test('finds out which names a rule of its own looks at', () => {
    class Grid extends ConditionalPipelineBlocks {
      @Branch() both: BlockSource = toy({ inputs: ['mask', 'image'] })
      @Branch() one: BlockSource = toy({ inputs: ['image'] })
      @Branch({ otherwise: true }) none: BlockSource = toy({})
      @Branch() lost: BlockSource = toy({})
      override get blockTriggerInputs() {
        return ['mask', 'image', 'layers']
      }
      override selectBlock({ mask, image, layers }: Record<string, unknown>) {
        if (layers !== undefined && mask !== undefined) throw new Error('refused')
        if (image !== undefined && mask !== undefined) return 'both'
        return image !== undefined || layers !== undefined ? 'one' : undefined
      }
    }
    expect(rowsOf(new Grid().toMarkdown(), '## Triggers').slice(2)).toEqual([
      ['the whole', '`both`', 'with `mask` and `image`'],
      ['the whole', '`one`', 'with `image`, or with `layers`'],
      ['the whole', '`none`', 'otherwise'],
      ['the whole', '`lost`', 'never'],
    ])
  })

  test('keeps bars and line ends of any kind inside their cells', () => {
    const description = 'a|b \\| c \\\\| d\r\n- e\rf'
    const text = toy({ inputs: [{ name: 'a', description, default: 'x|y' }] }).toMarkdown()
    expect(text.split('\n').find(line => line.startsWith('| `a`'))).toBe(
      '| `a` | `any` | `"x\\|y"` | a\\|b \\| c \\\\\\| d<br>- e<br>f |',
    )
  })

  test('escapes tags in descriptions, but not in pieces of code', () => {
    class Tags extends SequentialPipelineBlocks {
      override get description() {
        return 'Put `<lora:a>` or ``a ` <b>`` there, no <script> and no &lt; sign, ` <i>.'
      }
    }
    expect(new Tags().toMarkdown()).toContain(
      'Put `<lora:a>` or ``a ` <b>`` there, no &lt;script> and no &amp;lt; sign, ` &lt;i>.',
    )
  })

  test('of a block that declares nothing is short', () => {
    expect(toy({ name: 'Nothing' }).toMarkdown()).toBe('# Nothing\n\nKind: a single block\n')
  })

  test('of the text-to-image pipeline has sound tables', () => {
    const text = new StableDiffusionTextToImageBlocks().toMarkdown()
    checkTables(text)
    expect(rowsOf(text, '## Inputs').map(([name]) => name)).toContain('`prompt`')
    class Loop extends Repeat {
      @LoopStep() auto = Auto
    }
    checkTables(new Loop().toMarkdown())
  })
})

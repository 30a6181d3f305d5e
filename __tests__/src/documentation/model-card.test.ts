import { StableDiffusionTextToImageBlocks } from '../../../blocks'
import {
  type AutoPipelineBlocks,
  type BlockSource,
  ComponentSpec,
  ConditionalPipelineBlocks,
  ConfigSpec,
  InputParam,
  type ModularPipelineBlocks,
  modelCard,
  modelCardContent,
  OutputParam,
  SequentialPipelineBlocks,
} from '../../../src'
import { required, toy } from '../fixtures/toy-blocks'

/** What a tree under test is made of, as in the reference's tests. */
interface Parts {
  name?: string
  description?: string
  parts?: number
  components?: readonly ComponentSpec[]
  configs?: readonly ConfigSpec[]
  inputs?: readonly InputParam[]
  outputs?: readonly OutputParam[]
  triggers?: readonly string[]
  modelName?: string
  workflows?: SequentialPipelineBlocks['workflowMap']
}

function choice(triggers: readonly string[]): AutoPipelineBlocks | ModularPipelineBlocks {
  class Choice extends ConditionalPipelineBlocks {
    override get blockTriggerInputs() {
      return triggers
    }
    override get defaultBlockName() {
      return 'only'
    }
    override selectBlock() {
      return undefined
    }
  }
  return Choice.fromBlocksDict({ only: toy({ inputs: triggers }) })
}

function tree(given: Parts = {}): SequentialPipelineBlocks {
  class Tree extends SequentialPipelineBlocks {
    override get description() {
      return given.description ?? 'Test pipeline description'
    }
    override get expectedComponents() {
      return given.components ?? []
    }
    override get expectedConfigs() {
      return given.configs ?? []
    }
    override get inputs() {
      return given.inputs ?? super.inputs
    }
    override get outputs() {
      return given.outputs ?? super.outputs
    }
    override get modelName() {
      return given.modelName
    }
    override get workflowMap() {
      return given.workflows
    }
  }
  Object.defineProperty(Tree, 'name', { value: given.name ?? 'TestBlocks' })
  const parts: Record<string, BlockSource> = given.triggers ? { choose: choice(given.triggers) } : {}
  for (let i = 0; i < (given.parts ?? 2); i++) parts[`block${i}`] = toy({ name: `Block${i}` })
  return Tree.fromBlocksDict(parts)
}

const tagsOf = (given: Parts) => modelCardContent(tree(given)).tags

describe('modelCardContent()', () => {
  test('has every section', () => {
    const content = modelCardContent(tree())
    expect(Object.keys(content).sort()).toEqual(
      [
        'blocksDescription',
        'componentsDescription',
        'configsSection',
        'ioSpecificationSection',
        'modelDescription',
        'pipelineName',
        'tags',
        'triggerInputsSection',
      ].sort(),
    )
  })

  test('names the pipeline after its blocks', () => {
    expect(modelCardContent(tree({ name: 'StableDiffusionBlocks' })).pipelineName).toBe('StableDiffusion Pipeline')
  })

  test('tags by triggers, or as text-to-image without them, and with the model name', () => {
    expect(tagsOf({})).toEqual(['modular-diffusers', 'diffusers', 'text-to-image'])
    expect(tagsOf({ triggers: ['mask', 'prompt'] })).toEqual(['modular-diffusers', 'diffusers', 'inpainting'])
    expect(tagsOf({ triggers: ['maskImage'] })).toContain('inpainting')
    expect(tagsOf({ triggers: ['image', 'prompt'] })).toEqual(['modular-diffusers', 'diffusers', 'image-to-image'])
    expect(tagsOf({ triggers: ['imageLatents'] })).toContain('image-to-image')
    expect(tagsOf({ triggers: ['controlImage', 'prompt'] })).toEqual([
      'modular-diffusers',
      'diffusers',
      'controlnet',
      'text-to-image',
    ])
    expect(tagsOf({ triggers: ['controlnetCond'] })).toContain('controlnet')
    expect(tagsOf({ modelName: 'stable-diffusion-xl' })).toContain('stable-diffusion-xl')
  })

  test('tags by the names of the workflows where there are any', () => {
    const workflows = { controlnet_text2image: {}, image2image: {}, ip_adapter_inpainting: {} }
    expect(tagsOf({ workflows, triggers: ['x'] })).toEqual([
      'modular-diffusers',
      'diffusers',
      'inpainting',
      'image-to-image',
      'controlnet',
      'text-to-image',
    ])
  })

  test('numbers the components, and says that there are none', () => {
    const components = [
      new ComponentSpec({ name: 'vae', description: 'VAE component' }),
      new ComponentSpec({ name: 'textEncoder', description: 'Text encoder component' }),
    ]
    expect(modelCardContent(tree({ components })).componentsDescription).toBe(
      '1. vae (`any`): VAE component\n2. textEncoder (`any`): Text encoder component',
    )
    expect(modelCardContent(tree()).componentsDescription).toContain('No specific components required')
  })

  test('has a section on settings only where there are any', () => {
    const configs = [
      new ConfigSpec({ name: 'numTrainTimesteps', default: 1000, description: 'Steps of the training.' }),
    ]
    const { configsSection } = modelCardContent(tree({ configs }))
    expect(configsSection).toContain('## Configuration Parameters')
    expect(configsSection).toContain('- numTrainTimesteps (default: 1000): Steps of the training.')
    expect(modelCardContent(tree()).configsSection).toBe('')
  })

  test('lists inputs with what may be left out, and outputs', () => {
    const inputs = [
      new InputParam({ name: 'prompt', typeHint: 'string', required: true, description: 'The input prompt' }),
      new InputParam({ name: 'numSteps', typeHint: 'number', default: 50, description: 'Number of steps' }),
      new InputParam({ name: 'strength', defaultsByBlock: { a: 0.3, b: 0.9, c: undefined } }),
    ]
    const outputs = [new OutputParam({ name: 'images', typeHint: 'Tensor', description: 'Generated images' })]
    expect(modelCardContent(tree({ inputs, outputs })).ioSpecificationSection).toBe(
      [
        '## Input/Output Specification',
        '',
        '**Inputs:**',
        '',
        '- `prompt` (`string`): The input prompt',
        '- `numSteps` (`number`, *optional*, defaults to `50`): Number of steps',
        '- `strength` (`any`, *optional*, defaults to `0.3` or `0.9` or `none`, depending on the workflow): No description provided',
        '',
        '**Outputs:**',
        '',
        '- `images` (`Tensor`): Generated images',
      ].join('\n'),
    )
    const empty = modelCardContent(tree({ inputs: [], outputs: [] })).ioSpecificationSection
    expect(empty).toContain('No specific inputs defined')
    expect(empty).toContain('Standard pipeline outputs')
  })

  test('lists the triggers, sorted, but not beside workflows', () => {
    const { triggerInputsSection } = modelCardContent(tree({ triggers: ['mask', 'image'] }))
    expect(triggerInputsSection).toContain('### Conditional Execution')
    expect(triggerInputsSection).toContain('`image`, `mask`')
    expect(modelCardContent(tree()).triggerInputsSection).toBe('')
    expect(modelCardContent(tree({ triggers: ['mask'], workflows: { a: {} } })).triggerInputsSection).toBe('')
  })

  test('counts the blocks and numbers them with the first line of what they do', () => {
    expect(modelCardContent(tree({ parts: 5 })).modelDescription).toContain('5-block architecture')
    const described = SequentialPipelineBlocks.fromBlocksDict({
      first: SequentialPipelineBlocks.fromBlocksDict({}, { description: 'Does this.\nAnd that.' }),
      second: toy({ name: 'Second' }),
    })
    expect(modelCardContent(described).blocksDescription).toBe(
      '1. **first** (`SequentialPipelineBlocks`)\n   - Does this.\n2. **second** (`Second`)',
    )
    expect(modelCardContent(tree({ parts: 0 })).blocksDescription).toBe('No blocks defined.')
  })

  test('has a part for each workflow with the inputs that choose it', () => {
    class Draw extends SequentialPipelineBlocks {
      override get workflowMap() {
        return { text2image: {}, image2image: [{ image: true }, { imageLatents: true }], broken: { x: true } } as const
      }
      override getWorkflow(name: string) {
        if (name === 'broken') throw new Error('no such thing')
        return super.getWorkflow(name)
      }
    }
    const blocks = Draw.fromBlocksDict({
      encode: toy({ inputs: [{ ...required('image'), description: 'The start.' }, 'other'], outputs: ['latents'] }),
    })
    const { ioSpecificationSection } = modelCardContent(blocks)
    expect(ioSpecificationSection.split('\n').filter(line => line !== '')).toEqual([
      '## Workflow Input Specification',
      '<details>',
      '<summary><strong>text2image</strong></summary>',
      'No additional inputs required.',
      '</details>',
      '<details>',
      '<summary><strong>image2image</strong></summary>',
      '- `image` (`any`): The start.',
      '</details>',
      '<details>',
      '<summary><strong>broken</strong></summary>',
      '*The blocks of this workflow could not be found.*',
      '</details>',
      '## Input/Output Specification',
      '**Inputs:**',
      '- `image` (`any`): The start.',
      '- `other` (`any`, *optional*): No description provided',
      '**Outputs:**',
      '- `latents` (`any`): No description provided',
    ])
  })
})

describe('modelCard()', () => {
  /** Keys with one value or a list of them: as much of YAML as a card has. Quoted texts are JSON. */
  const header = (card: string) => {
    const entries: Record<string, unknown> = {}
    let list: unknown[] = []
    const read = (text: string): unknown => (text.startsWith('"') ? JSON.parse(text) : text)
    for (const line of (card.split(/^---$/m)[1] ?? '').trim().split('\n')) {
      const [, key, value] = /^(\w+):(?: (.+))?$/.exec(line) ?? []
      if (key === undefined) list.push(read(line.replace(/^- /, '')))
      else if (value === undefined) entries[key] = list = []
      else entries[key] = read(value)
    }
    return entries
  }

  test('asks in its example for what is written last', () => {
    const rewrite = toy({ name: 'Rewrite', inputs: [required('prompt')], outputs: ['prompt'] })
    const draw = toy({ name: 'Draw', inputs: [required('prompt')], outputs: ['images'] })
    const card = modelCard(SequentialPipelineBlocks.fromBlocksDict({ rewrite, draw }))
    expect(card).toContain("const images = await pipe({ prompt: … }, { output: 'images' })")
  })

  test('begins with a header that the Hub reads', () => {
    const card = modelCard(new StableDiffusionTextToImageBlocks(), {
      repoId: 'me/my-pipeline',
      license: 'apache-2.0',
      baseModel: 'someone/model',
      tags: ['emoji', 'diffusers', 'a: "b"', 'yes', '3d'],
    })
    expect(header(card)).toEqual({
      license: 'apache-2.0',
      library_name: 'diffusers',
      pipeline_tag: 'text-to-image',
      base_model: ['someone/model'],
      tags: ['modular-diffusers', 'diffusers', 'stable-diffusion', 'text-to-image', 'emoji', 'a: "b"', 'yes', '3d'],
    })
    expect(card).toContain('\n- "yes"\n- "3d"\n---\n')
    expect(card).toContain("await ModularPipeline.fromPretrained('me/my-pipeline')\n")
    expect(card).toContain("const images = await pipe({ prompt: '…' }, { output: 'images' })")
    const headings = card.split('\n').filter(line => /^#+ /.test(line))
    expect(headings).toEqual([
      '# StableDiffusionTextToImage Pipeline',
      '## Example Usage',
      '## Pipeline Architecture',
      '### Conditional Execution',
      '## Model Components',
      '## Configuration Parameters',
      '## Input/Output Specification',
    ])
  })

  test('names no task of the Hub where none fits, and leaves nothing undefined', () => {
    const card = modelCard(tree({ triggers: ['mask'], description: '', inputs: [], outputs: [] }))
    expect(header(card)).toEqual({ library_name: 'diffusers', tags: ['modular-diffusers', 'diffusers', 'inpainting'] })
    expect(card).not.toContain('undefined')
    expect(card).toContain('await pipe({})')
    expect(card).toContain('A modular diffusion pipeline.')
  })
})

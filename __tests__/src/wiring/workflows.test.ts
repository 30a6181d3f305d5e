import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  ConditionalPipelineBlocks,
  NoWorkflowsError,
  SequentialPipelineBlocks,
  Step,
  type TriggerValues,
  UnknownWorkflowError,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'

const leaf = (name: string, inputs: string[] = [], outputs: string[] = []) =>
  toy({ name, inputs, outputs, body: () => Object.fromEntries(outputs.map(output => [output, name])) })

class Encode extends AutoPipelineBlocks {
  @Branch({ when: 'image' }) encode: BlockSource = leaf('EncodeImage', ['image'], ['imageLatents'])
}

class BeforeDenoise extends AutoPipelineBlocks {
  @Branch({ when: 'imageLatents' }) img2img: BlockSource = SequentialPipelineBlocks.fromBlocksDict({
    setTimesteps: leaf('SetTimestepsWithStrength', ['strength']),
    prepare: leaf('AddNoise', ['imageLatents']),
  })
  @Branch({ otherwise: true }) text2img: BlockSource = SequentialPipelineBlocks.fromBlocksDict({
    setTimesteps: leaf('SetTimesteps', ['steps']),
  })
}

class Pipeline extends SequentialPipelineBlocks {
  @Step() prompt: BlockSource = leaf('EncodePrompt', ['prompt'], ['embeds'])
  @Step() image = Encode
  @Step() denoise: BlockSource = SequentialPipelineBlocks.fromBlocksDict({
    before: BeforeDenoise,
    loop: Repeat.fromBlocksDict({ step: IncrementStep }),
  })

  override get workflowMap() {
    return {
      text2image: { prompt: true },
      image2image: [{ image: true, prompt: true }, { imageLatents: true }],
      plain: {},
    } as const
  }
}

const names = (blocks: { subBlocks: ReadonlyMap<string, unknown> } | undefined) =>
  blocks && [...blocks.subBlocks.keys()]

describe('getExecutionBlocks of a sequence', () => {
  test('gives the blocks that the inputs choose as one flat sequence with dotted names', () => {
    const blocks = new Pipeline().getExecutionBlocks({ prompt: 'p' })
    expect(names(blocks)).toEqual(['prompt', 'denoise.before.setTimesteps', 'denoise.loop'])
    expect(blocks.constructor).toBe(SequentialPipelineBlocks)
  })

  test('counts what a block writes as there for the choices after it', () => {
    const blocks = new Pipeline().getExecutionBlocks({ image: 1 })
    expect(names(blocks)).toEqual([
      'prompt',
      'image',
      'denoise.before.setTimesteps',
      'denoise.before.prepare',
      'denoise.loop',
    ])
    expect([...blocks.subBlocks.values()].map(block => block.constructor.name)).toEqual([
      'EncodePrompt',
      'EncodeImage',
      'SetTimestepsWithStrength',
      'AddNoise',
      'Repeat',
    ])
  })

  test('keeps the order of the tree, whatever the names', () => {
    const pipeline = new Pipeline()
    pipeline.subBlocks.insert('2', leaf('Second'), 0)
    pipeline.subBlocks.insert('1', leaf('First'), 1)
    expect(names(pipeline.getExecutionBlocks())?.slice(0, 3)).toEqual(['2', '1', 'prompt'])
  })

  test('shares the blocks with the tree', () => {
    const pipeline = new Pipeline()
    expect(pipeline.getExecutionBlocks().subBlocks.get('prompt')).toBe(pipeline.subBlocks.get('prompt'))
  })

  test('declares what the chosen branches declare', () => {
    expect(new Pipeline().inputNames).toContain('strength')
    expect(new Pipeline().getExecutionBlocks().inputNames).toEqual(['prompt', 'steps', 'numSteps', 'x'])
    expect(new Pipeline().getExecutionBlocks({ image: 1 }).inputNames).toEqual([
      'prompt',
      'image',
      'strength',
      'numSteps',
      'x',
    ])
  })

  test('gives blocks that run', async () => {
    const pipe = new Pipeline().getExecutionBlocks({ image: 1 }).initPipeline()
    expect(await pipe({ image: 1, numSteps: 2, x: 1 }, { output: ['x', 'imageLatents'] })).toEqual({
      x: 3,
      imageLatents: 'EncodeImage',
    })
  })
})

describe('getExecutionBlocks of a choice', () => {
  test('gives the chosen leaf itself, the blocks of a chosen sequence, or nothing', () => {
    const encode = new Encode()
    expect(encode.getExecutionBlocks({ image: 0 })).toBe(encode.subBlocks.get('encode'))
    expect(encode.getExecutionBlocks({})).toBeUndefined()
    expect(names(new BeforeDenoise().getExecutionBlocks({ imageLatents: 1 }))).toEqual(['setTimesteps', 'prepare'])
  })

  test('resolves choices in choices, and takes a loop as one block', () => {
    class Outer extends ConditionalPipelineBlocks {
      @Branch() auto = BeforeDenoise
      @Branch({ otherwise: true }) loop: BlockSource = Repeat.fromBlocksDict({ step: IncrementStep })
      override get blockTriggerInputs() {
        return ['auto']
      }
      override selectBlock({ auto }: TriggerValues) {
        return auto === undefined ? undefined : 'auto'
      }
    }
    expect(names(new Outer().getExecutionBlocks({ auto: 1 }))).toEqual(['setTimesteps'])
    expect(new Outer().getExecutionBlocks({})).toBeInstanceOf(Repeat)
  })
})

describe('workflows', () => {
  test('have names, in order', () => {
    expect(new Pipeline().availableWorkflows).toEqual(['text2image', 'image2image', 'plain'])
  })

  test('run the blocks that their inputs choose', () => {
    expect(names(new Pipeline().getWorkflow('text2image'))).toEqual(
      names(new Pipeline().getExecutionBlocks({ prompt: 1 })),
    )
    expect(names(new Pipeline().getWorkflow('plain'))).toEqual(names(new Pipeline().getExecutionBlocks()))
  })

  test('may be spelled in several ways, of which the first is used', () => {
    expect(names(new Pipeline().getWorkflow('image2image'))).toEqual(
      names(new Pipeline().getExecutionBlocks({ image: 1 })),
    )
  })

  test('are listed when asked for another', async () => {
    const error = await failure(UnknownWorkflowError, () => new Pipeline().getWorkflow('inpaint'))
    expect(error.workflow).toBe('inpaint')
    expect(error.message).toBe(
      'Pipeline has no workflow "inpaint". Available workflows: "text2image", "image2image" and "plain".',
    )
  })

  test.each(['toString', '__proto__', ''])('are those that are named, and not %j', async name => {
    await failure(UnknownWorkflowError, () => new Pipeline().getWorkflow(name))
  })

  test('are not there unless the sequence defines them', async () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ a: toy({ inputs: [required('x')] }) })
    await failure(NoWorkflowsError, () => blocks.getWorkflow('text2image'))
    const error = await failure(NoWorkflowsError, () => blocks.availableWorkflows)
    expect(error.message).toMatch(/^SequentialPipelineBlocks defines no workflows/)
  })
})

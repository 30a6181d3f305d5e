import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  ComponentSpec,
  ComponentTypeError,
  MissingComponentError,
  ModularPipelineBlocks,
  type PipelineEvent,
  PipelineValidationError,
  SequentialPipelineBlocks,
} from '../../../src'
import { expectWarnings } from '../../expected-warnings'
import { failure, onlyIssue } from '../fixtures/failures'
import { Repeat, toy } from '../fixtures/toy-blocks'

expectWarnings('UNKNOWN_INPUT')

class UNet {}
class OtherUNet {}

const sequence = (blocks: Record<string, BlockSource>) => SequentialPipelineBlocks.fromBlocksDict(blocks)
const needsUnet = (inputs: readonly string[] = []) =>
  toy({ inputs, components: [new ComponentSpec({ name: 'unet', typeHint: UNet })] })

/** Calls a pipeline and notes which blocks began. */
async function watched(blocks: ModularPipelineBlocks, inputs: Record<string, unknown>) {
  const started: string[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'blockStart') started.push(event.path.join('.'))
  }
  const error = await blocks
    .initPipeline()(inputs, { onEvent })
    .then(() => undefined)
    .catch((error: unknown) => error)
  return { error, started }
}

describe('a component', () => {
  test('that nobody supplies is named with its block, and the two ways to supply it', async () => {
    const pipe = sequence({ denoise: sequence({ predict: needsUnet() }) }).initPipeline()
    pipe.container.register('vae', { useValue: 1 })
    const error = await onlyIssue(MissingComponentError, () => pipe())
    expect(error).toMatchObject({ component: 'unet', path: ['denoise', 'predict'] })
    expect(error.message).toMatch(
      /^denoise > predict: the component "unet" \(UNet\) is missing; the pipeline has "vae"\./,
    )
    expect(error.message).toContain('await pipe.loadComponents()')
    expect(error.message).toContain("pipe.container.register('unet', { useValue: … })")
  })

  test('of another class is named with both classes', async () => {
    const pipe = needsUnet().initPipeline()
    pipe.container.register('unet', { useClass: OtherUNet })
    const error = await onlyIssue(ComponentTypeError, () => pipe())
    expect(error.message).toBe(
      'the pipeline: the component "unet" must be an instance of UNet, but is an instance of OtherUNet.',
    )
    pipe.container.register('unet', { useValue: 'unet.safetensors' })
    expect((await onlyIssue(ComponentTypeError, () => pipe())).message).toContain(
      'but is the string "unet.safetensors"',
    )
  })

  class Choice extends AutoPipelineBlocks {
    @Branch({ when: 'image' }) a: BlockSource = needsUnet(['image'])
    @Branch() b: BlockSource = toy({})
  }

  test('is not asked for by a branch that does not run, also inside a loop', async () => {
    await sequence({ choice: Choice }).initPipeline()({})
    await Repeat.fromBlocksDict({ choice: Choice }).initPipeline()({ numSteps: 1 })
    await onlyIssue(MissingComponentError, () => sequence({ choice: Choice }).initPipeline()({ image: 1 }))
  })

  test('of a part of a loop is asked for before the first block runs', async () => {
    const loop = Repeat.fromBlocksDict({ choice: Choice })
    const { error, started } = await watched(sequence({ first: toy({}), loop }), { numSteps: 1, image: 1 })
    expect((error as PipelineValidationError).issues).toMatchObject([
      { code: 'MISSING_COMPONENT', path: ['loop', 'choice', 'a'] },
    ])
    expect(started).toEqual([])
  })

  describe('of a branch that is chosen by what a block writes', () => {
    const trigger = toy({ inputs: ['make'], outputs: ['image'], body: ({ make }) => ({ image: make }) })
    const inSequence = sequence({ trigger, choice: Choice })
    const inLoop = sequence({ trigger, loop: Repeat.fromBlocksDict({ choice: Choice }) })
    class WholeLoop extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) loop: BlockSource = Repeat.fromBlocksDict({ part: needsUnet(['image']) })
    }
    const loopInBranch = sequence({ trigger, choice: WholeLoop })
    const trees = [
      ['a sequence', inSequence],
      ['a loop', inLoop],
      ['a loop in a branch', loopInBranch],
    ] as const

    test.each(trees)('is asked for in %s when the branch runs, and not before', async (_, blocks) => {
      const pipe = blocks.initPipeline()
      await pipe({ numSteps: 1 })
      await failure(MissingComponentError, () => pipe({ numSteps: 1, make: 1 }))
    })

    test.each(trees)('is waited for and checked in %s', async (_, blocks) => {
      const pipe = blocks.initPipeline()
      let made = 0
      const useFactory = async () => {
        made++
        return new UNet()
      }
      pipe.container.register('unet', { useFactory })
      await pipe({ numSteps: 1 })
      expect(made).toBe(0)
      await pipe({ numSteps: 2, make: 1 })
      await pipe({ numSteps: 2, make: 1 })
      expect(made).toBe(1)
      pipe.container.register('unet', { useFactory: async () => new OtherUNet() })
      await failure(ComponentTypeError, () => pipe({ numSteps: 1, make: 1 }))
    })
  })
})

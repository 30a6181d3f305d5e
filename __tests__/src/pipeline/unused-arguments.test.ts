/** What a caller hands to a call that does not use it. */
import {
  AutoPipelineBlocks,
  Branch,
  type InputParamOptions,
  type ModularPipelineBlocks,
  type PipelineEvent,
  SequentialPipelineBlocks,
} from '../../../src'
import { catchWarnings } from '../fixtures/emitted-warnings'
import { toy, type Values } from '../fixtures/toy-blocks'

const change = toy({ inputs: ['image', 'strength'], outputs: ['seen'], body: values => ({ seen: values.strength }) })
const draw = toy({ inputs: ['prompt'], outputs: ['seen'], body: values => ({ seen: values.prompt }) })

class Auto extends AutoPipelineBlocks {
  @Branch({ when: 'image' }) changing = change
  @Branch({ otherwise: true }) drawing = draw
}

const sequence = (blocks: Record<string, ModularPipelineBlocks | (new () => ModularPipelineBlocks)>) =>
  SequentialPipelineBlocks.fromBlocksDict(blocks).initPipeline()

const warningsOf = async (pipe: ReturnType<typeof sequence>, inputs: Values, options: object = {}) => {
  const warnings: string[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'warning') warnings.push(`${event.code}: ${event.message}`)
  }
  await pipe(inputs, { onEvent, ...options })
  return warnings
}

test('an input of a branch that does not run is named, with the block that takes it', async () => {
  const pipe = sequence({ auto: Auto })
  expect(await warningsOf(pipe, { prompt: 'apple', strength: 0.5 })).toEqual([
    'UNUSED_INPUT: The input "strength" was ignored: it is for auto > changing, which does not run with these inputs. Leave it out.',
  ])
  expect(await warningsOf(pipe, { image: 1, strength: 0.5 })).toEqual([])
  expect(await warningsOf(pipe, { prompt: 'apple', strength: undefined })).toEqual([])
})

test('what chooses a branch counts as used', async () => {
  class Chosen extends AutoPipelineBlocks {
    @Branch({ when: 'flag' }) first = toy({ inputs: ['prompt'] })
    @Branch({ otherwise: true }) second = toy({ inputs: ['prompt', 'flag'] })
  }
  expect(await warningsOf(sequence({ auto: Chosen }), { prompt: 'apple', flag: true })).toEqual([])
})

test('an input of a branch that may run counts as used', async () => {
  const decide = toy({ outputs: ['image'], body: () => ({ image: undefined }) })
  expect(await warningsOf(sequence({ decide, auto: Auto }), { prompt: 'apple', strength: 0.5 })).toEqual([])
})

test('values of a group are used by a block that takes the group', async () => {
  const group: InputParamOptions = { name: null, kwargsType: 'fields' }
  const pipe = sequence({ take: toy({ inputs: [group] }) })
  expect(await warningsOf(pipe, { fields: { anything: 1 } })).toEqual([])
})

test('an option that a call does not have is named', async () => {
  const pipe = sequence({ draw })
  expect(await warningsOf(pipe, { prompt: 'apple' }, { sede: 1, prompt: 'pear', extra: undefined })).toEqual([
    'UNKNOWN_OPTION: "sede" is not an option of a call and was ignored. Did you mean "seed"?',
    'UNKNOWN_OPTION: "prompt" is not an option of a call and was ignored. Pass inputs in the first argument.',
  ])
})

test('a run without a listener warns through the process', async () => {
  const warnings = catchWarnings()
  await sequence({ auto: Auto })({ prompt: 'apple', strength: 0.5 })
  expect(warnings()).toEqual([expect.stringMatching(/^UNUSED_INPUT: The input "strength" was ignored/)])
})

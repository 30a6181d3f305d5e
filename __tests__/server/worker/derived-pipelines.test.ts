/** Pipelines for workflows and choices of jobs follow the pipeline that they are derived from. */
import { EulerDiscreteScheduler, StableDiffusionAutoBlocks } from '../../../index'
import { DerivedPipelines } from '../../../server/worker/derived-pipelines'
import { emojiFolder } from '../../blocks/use-emoji-model'

const pipe = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)
const derived = new DerivedPipelines(pipe)
const job = { workflow: 'text2image', components: { guider: { name: 'apg' } } }

beforeAll(() => pipe.loadComponents())
afterAll(() => {
  derived.dispose()
  pipe.dispose()
})

test('a derived pipeline is kept, and has the limits that its owner sets later', async () => {
  const first = derived.for(job)
  pipe.limits = { maxSteps: 2 }
  expect(derived.for(job)).toBe(first)
  const call = first({ prompt: 'red apple', numInferenceSteps: 3 }, { output: 'images' })
  await expect(call).rejects.toThrow(/limit.* 2/)
  pipe.limits = {}
  expect(derived.for(job).limits).toEqual({})
})

test('components and settings that its owner changes reach it, but for those that the job chooses', () => {
  const first = derived.for(job)
  const scheduler = new EulerDiscreteScheduler()
  pipe.updateComponents({ scheduler })
  pipe.registerToConfig({ requiresSafetyChecker: true })
  const second = derived.for(job)
  expect(second).not.toBe(first)
  expect(second.components).toMatchObject({ scheduler })
  expect(second.config).toMatchObject({ requiresSafetyChecker: true })
  expect(second.components).not.toMatchObject({ guider: pipe.components.guider })
})

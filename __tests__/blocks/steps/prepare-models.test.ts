/** What models get ready for is what they are called with. */
import { flattenTree } from '../../../components/backends/recorder/tensor-tree'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import type { ModelCall } from '../../../components/executors/model-call'
import {
  ClassifierFreeGuidance,
  Image,
  type ModularPipelineBlocks,
  makeGuider,
  StableDiffusionImageToImageBlocks,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()

/** What tells calls apart that need sessions of their own. */
const formOf = ({ method, inputs }: ModelCall<never, unknown>) => `${method} ${flattenTree(inputs).signature}`

/** The forms that models get ready for in a run, and those that they are called in. */
async function formsOf(
  blocks: ModularPipelineBlocks,
  inputs: Record<string, unknown>,
  components: Record<string, unknown> = {},
): Promise<{ prepared: string[]; called: string[] }> {
  const prepare = jest.spyOn(eagerExecutor, 'prepare')
  const run = jest.spyOn(eagerExecutor, 'run')
  const size = { width: 16, height: 16 }
  await emoji.pipelineOf(blocks, components)(
    { prompt: 'pizza', ...size, numInferenceSteps: 2, ...inputs },
    { output: 'images', seed: 1 },
  )
  const forms = (calls: readonly unknown[][]) => {
    const all = calls.map(([call]) => call as ModelCall<never, unknown>)
    // The text encoder and the encoder of the VAE are called at once.
    const later = all.filter(({ model, method }) => model !== emoji.textEncoder && method !== 'encode')
    return [...new Set(later.map(formOf))].sort()
  }
  const found = { prepared: forms(prepare.mock.calls), called: forms(run.mock.calls) }
  prepare.mockRestore()
  run.mockRestore()
  return found
}

test.each([
  ['cfg', {}],
  ['cfg', { guidanceScale: 1 }],
  ['cfg', { prompt: ['pizza', 'rocket'], numImagesPerPrompt: 2, batchConditions: false }],
  ['auto', { width: 24 }],
  ['auto', { batchConditions: false }],
])('with the guider %s and %j', async (guider, inputs) => {
  const { prepared, called } = await formsOf(new StableDiffusionTextToImageBlocks(), inputs, {
    guider: makeGuider(guider),
  })
  expect(prepared).toEqual(called)
  expect(called.length).toBeGreaterThanOrEqual(2)
})

test('a form that only later steps ask for comes when they do', async () => {
  const { prepared, called } = await formsOf(new StableDiffusionTextToImageBlocks(), {}, { guider: makeGuider('pag') })
  expect(called.filter(form => !prepared.includes(form))).toEqual([expect.stringContaining('skipScores@')])
  expect(called).toEqual(expect.arrayContaining(prepared))
})

test('of a run that begins with a picture', async () => {
  const image = new Image({ width: 22, height: 16, channels: 3, data: new Uint8Array(22 * 16 * 3) })
  const inputs = { image, strength: 1, width: undefined, height: undefined }
  const { prepared, called } = await formsOf(new StableDiffusionImageToImageBlocks(), inputs)
  expect(prepared).toEqual(called)
})

test('a size that the VAE does not divide is refused where it is used, and prepared for by nobody', async () => {
  const prepare = jest.spyOn(eagerExecutor, 'prepare')
  const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { guider: new ClassifierFreeGuidance() })
  await expect(pipe({ prompt: 'pizza', width: 17, numInferenceSteps: 1 })).rejects.toThrow('multiple of 4')
  expect(prepare).not.toHaveBeenCalled()
  prepare.mockRestore()
})

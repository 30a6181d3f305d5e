/** The emoji model draws the same pictures where its models run as graphs. */
import { GraphExecutor } from '../../../components/executors/graph/graph-executor'
import { StableDiffusionTextToImageBlocks } from '../../../index'
import { tensorMemory } from '../../components/tensors/use-leak-check'
import { failureOf, take, useEmojiModel } from '../use-emoji-model'
import { expectRecordedRun, recordedRuns } from './recorded-runs'

const emoji = useEmojiModel('graph')
const inputs = { prompt: 'pizza', numInferenceSteps: 3, height: 16, width: 16 }
const textToImage = () => emoji.pipelineOf(new StableDiffusionTextToImageBlocks())

describe('models that run as graphs', () => {
  test.each(recordedRuns)('draw what the reference draws of "$prompt" with $scheduler in $steps steps', async run => {
    const call = jest.spyOn(GraphExecutor.prototype, 'run')
    await expectRecordedRun(emoji, run)
    // The prompts, each step, and the picture.
    expect(call).toHaveBeenCalledTimes((run.guidance > 1 ? 2 : 1) + run.steps + 1)
  })

  test('leave their weights in their files', () => {
    for (const parameter of [...emoji.unet.parameters(), ...emoji.textEncoder.parameters()]) {
      expect(parameter.source).toBeDefined()
    }
  })

  test('end 10 runs, one after another and at once, with the tensors and bytes that they began with', async () => {
    const pipe = textToImage()
    const draw = async (seed: number) =>
      take(await pipe({ ...inputs, outputType: 'tensor' }, { output: 'images', seed }))
    const before = tensorMemory()
    const oneByOne: unknown[] = []
    for (let seed = 0; seed < 5; seed++) oneByOne.push(await draw(seed))
    const together = await Promise.all(oneByOne.map((_, seed) => draw(seed)))
    expect(together).toEqual(oneByOne)
    expect(tensorMemory()).toEqual(before)
  })

  test('draw nothing more, and leave nothing, once a run is cancelled', async () => {
    const pipe = textToImage()
    const before = tensorMemory()
    const stop = new AbortController()
    const call = jest.spyOn(GraphExecutor.prototype, 'run')
    const run = pipe(inputs, { seed: 1, signal: stop.signal })
    // In the middle of the first prediction, or of the prompt.
    setTimeout(() => stop.abort(new Error('enough')), 5)
    expect(await failureOf(run)).toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } })
    await Promise.allSettled(call.mock.results.map(({ value }) => value))
    // What was being computed is dropped when it is done.
    take(await pipe({ ...inputs, numInferenceSteps: 1, outputType: 'tensor' }, { output: 'images', seed: 1 }))
    expect(tensorMemory()).toEqual(before)
  })
})

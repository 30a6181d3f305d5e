/** Many runs of one pipeline object at once. */
import { getEventListeners } from 'node:events'
import * as tf from '@tensorflow/tfjs'
import {
  type CallOptions,
  Generator,
  type ModularPipeline,
  NonFiniteError,
  PipelineAbortError,
  type PipelineEvent,
  type PipelineState,
  resolveScheduler,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { failureOf, take, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()

const small = { height: 32, width: 32, outputType: 'tensor' }
const textToImage = (scheduler?: string) =>
  emoji.pipelineOf(
    new StableDiffusionTextToImageBlocks(),
    scheduler === undefined ? {} : { scheduler: resolveScheduler(scheduler).make(emoji.scheduler.config) },
  )

/** One of the calls that run at once. */
interface Call {
  inputs: Record<string, unknown>
  options?: CallOptions
}

const draw = async (pipe: ModularPipeline, { inputs, options }: Call): Promise<number[]> =>
  take(await pipe<tf.Tensor>({ ...small, ...inputs }, { ...options, output: 'images' })).values

/** Stops a run when it has taken so many steps. */
function stopAfter(steps: number): { signal: AbortSignal; onEvent: (event: PipelineEvent) => void } {
  const stop = new AbortController()
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'loopStep' && event.step === steps) stop.abort(new Error('enough'))
  }
  return { signal: stop.signal, onEvent }
}

describe('runs at once', () => {
  // This form of DPM-Solver++ remembers earlier predictions, and draws noise in each step.
  test.each([undefined, 'dpm++_2m_sde'])(
    'give what they give one after another, with the scheduler %s',
    async scheduler => {
      const pipe = textToImage(scheduler)
      const generator = new Generator(3)
      const calls: Call[] = [
        { inputs: { prompt: 'red apple', numInferenceSteps: 3 }, options: { seed: 1 } },
        { inputs: { prompt: 'red apple', numInferenceSteps: 3 }, options: { seed: 2 } },
        { inputs: { prompt: 'pizza', numInferenceSteps: 2, guidanceScale: 1 }, options: { seed: 1 } },
        {
          inputs: {
            prompt: 'rocket',
            negativePrompt: 'dog',
            numInferenceSteps: 4,
            guidanceScale: 3,
            guidanceRescale: 0.5,
          },
          options: { seed: 1 },
        },
        { inputs: { prompt: 'cat face', numInferenceSteps: 3, generator } },
        { inputs: { prompt: 'pizza', numInferenceSteps: 2, generator } },
      ]
      const oneByOne: number[][] = []
      for (const call of calls) oneByOne.push(await draw(pipe, call))
      const together = await Promise.all(calls.map(call => draw(pipe, call)))
      expect(together).toEqual(oneByOne)
      expect(new Set(oneByOne.map(values => values.join())).size).toBe(calls.length)
    },
  )

  test('are not disturbed by one that is cancelled and one that fails', async () => {
    const pipe = textToImage('dpm++_2m')
    const good: Call = { inputs: { prompt: 'red apple', numInferenceSteps: 4 }, options: { seed: 1 } }
    const alone = await draw(pipe, good)
    const cancelled: Call = { inputs: { prompt: 'pizza', numInferenceSteps: 4 }, options: { seed: 2, ...stopAfter(2) } }
    const late: Call = { inputs: { prompt: 'pizza', numInferenceSteps: 4, clipSkip: 9 }, options: { seed: 2 } }
    const refused: Call = { inputs: { numInferenceSteps: 4 } }
    const results = await Promise.allSettled([good, cancelled, late, refused, good].map(call => draw(pipe, call)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'])
    const outcome = (i: number) => results[i] as { value?: unknown; reason?: unknown } // The status is checked above.
    expect(outcome(0).value).toEqual(alone)
    expect(outcome(4).value).toEqual(alone)
    expect(outcome(1).reason).toBeInstanceOf(PipelineAbortError)
    expect(outcome(2).reason).toMatchObject({ code: 'INPUT_TYPE' })
    expect(outcome(3).reason).toMatchObject({ code: 'PIPELINE_VALIDATION' })
  })

  test("leave the pipeline's components and the caller's generators as they are", async () => {
    const pipe = textToImage('dpm++_2m_sde')
    const generators = [new Generator(1), new Generator(2)]
    const call: Call = { inputs: { prompt: ['pizza', 'rocket'], numInferenceSteps: 2, generator: generators } }
    const [first, second] = await Promise.all([draw(pipe, call), draw(pipe, call)])
    expect(second).toEqual(first)
    expect(generators.map(generator => [...generator.randn([4])])).toEqual(
      [1, 2].map(seed => [...new Generator(seed).randn([4])]),
    )
    const { scheduler, guider } = pipe.components as Record<
      string,
      { numInferenceSteps?: number; getState?: () => { step?: number } }
    >
    expect(scheduler?.numInferenceSteps).toBeUndefined()
    expect(guider?.getState?.().step).toBeUndefined()
  })
})

test('fifty runs with one signal leave no listener on it, and Node does not warn', async () => {
  const pipe = textToImage()
  const { signal } = new AbortController()
  const inputs = { prompt: 'pizza', numInferenceSteps: 1 }
  await Promise.all(Array.from({ length: 50 }, (_, seed) => draw(pipe, { inputs, options: { seed, signal } })))
  // A warning of too many listeners would fail the test, as any does that no test expects.
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

describe('a cancelled run', () => {
  test('stops between two steps, says where, and has its state in the error', async () => {
    const call: Call = { inputs: { prompt: 'pizza', numInferenceSteps: 5 }, options: { seed: 1, ...stopAfter(2) } }
    const error = (await failureOf(draw(textToImage(), call))) as PipelineAbortError
    expect(error).toBeInstanceOf(PipelineAbortError)
    expect(error).toMatchObject({ code: 'ABORTED', name: 'AbortError', cause: { message: 'enough' } })
    expect(error.path[0]).toContain('denoise')
    const state = error.state as PipelineState // What a pipeline puts there.
    expect(state.get('prompt')).toBe('pizza')
    expect(state.get('timesteps')).toHaveLength(5)
    expect(state.get<tf.Tensor>('latents').isDisposed).toBe(true)
  })

  test('keeps the tensors of its state on request, those of the latest step', async () => {
    const pipe = textToImage()
    let latest: number[] = []
    const { signal, onEvent } = stopAfter(2)
    const listen = (event: PipelineEvent) => {
      if (event.type === 'loopStep') latest = [...(event.state.latents as tf.Tensor).dataSync()]
      onEvent(event)
    }
    const options = { seed: 1, signal, onEvent: listen, keepStateOnAbort: true }
    const error = (await failureOf(
      pipe({ ...small, prompt: 'pizza', numInferenceSteps: 5 }, options),
    )) as PipelineAbortError
    const { values } = error.state as PipelineState // What a pipeline puts there.
    expect([...(values.get('latents') as tf.Tensor).dataSync()]).toEqual(latest)
    const kept = [...values.values()].filter(value => value instanceof tf.Tensor)
    expect(kept.length).toBeGreaterThanOrEqual(3)
    for (const tensor of kept) expect(tensor.isDisposed).toBe(false)
    tf.dispose(kept)
  })

  test('does not begin when the signal has fired already', async () => {
    const blocks: string[] = []
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'blockStart') blocks.push(event.block)
    }
    const call: Call = { inputs: { prompt: 'pizza' }, options: { signal: AbortSignal.abort(), onEvent } }
    expect(await failureOf(draw(textToImage(), call))).toBeInstanceOf(PipelineAbortError)
    expect(blocks).toEqual([])
  })
})

describe('a run that looks at its numbers', () => {
  const broken = () =>
    tf.tidy(() =>
      tf.zeros([1, 8, 8, 4]).sub(
        tf
          .oneHot(tf.tensor1d([0], 'int32'), 256)
          .reshape([1, 8, 8, 4])
          .mul(Number.NaN),
      ),
    )

  test('names the block and the value where the first number is not finite', async () => {
    const latents = broken()
    const call: Call = { inputs: { prompt: 'pizza', numInferenceSteps: 2, latents }, options: { checkNumerics: true } }
    const error = await failureOf(draw(textToImage(), call))
    latents.dispose()
    expect(error).toBeInstanceOf(NonFiniteError)
    expect(error).toMatchObject({ path: ['prepareLatents'], value: 'latents' })
    expect((error as Error).message).toMatch(
      /^prepareLatents: wrote "latents" with \d+ of 256 values that are NaN or infinite/,
    )
  })

  test('names the step of the loop', async () => {
    // More than float32 can hold.
    const call: Call = {
      inputs: { prompt: 'pizza', numInferenceSteps: 3, guidanceScale: 1e40 },
      options: { seed: 1, checkNumerics: true },
    }
    const error = await failureOf(draw(textToImage(), call))
    expect(error).toMatchObject({
      code: 'NON_FINITE',
      path: ['denoise[step 1 of 3]', 'predictNoise'],
      value: 'noisePred',
    })
  })

  test('gives the same picture as one that does not', async () => {
    const call: Call = { inputs: { prompt: 'pizza', numInferenceSteps: 2 }, options: { seed: 1 } }
    const checked: Call = { ...call, options: { seed: 1, checkNumerics: true } }
    expect(await draw(textToImage(), checked)).toEqual(await draw(textToImage(), call))
  })
})

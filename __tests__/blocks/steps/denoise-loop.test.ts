import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  Block,
  ClassifierFreeGuidance,
  DenoiseLoop,
  type In,
  Input,
  LoopStep,
  type LoopStepEvent,
  ModularPipelineBlocks,
  type Out,
  Output,
  PipelineAbortError,
  type PipelineEvent,
  SequentialPipelineBlocks,
  SetTimesteps,
  tensor,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst, toTensor } from '../../../testing/goldens/layout'
import { expectWarnings } from '../../expected-warnings'
import { entryOf, type RecordedTensors, readTensors } from '../read-tensors'
import { collectWarnings, emojiFolder, failureOf, take, useEmojiModel } from '../use-emoji-model'

expectWarnings('UNKNOWN_INPUT')

const emoji = useEmojiModel()

let recorded: RecordedTensors
beforeAll(async () => {
  recorded = await readTensors(join(emojiFolder, 'reference', 'rocket-seed4-ddim10-g1.safetensors'))
})

@Block({ description: 'Predicts no noise at all.' })
class PredictNothing extends ModularPipelineBlocks {
  @Input(tensor('images latentHeight latentWidth latentChannels')) scaledLatents!: In<tf.Tensor4D>
  @Output(tensor('images latentHeight latentWidth latentChannels')) noisePred!: Out<tf.Tensor4D>

  @LoopStep()
  step() {
    this.noisePred = tf.zerosLike(this.scaledLatents)
  }
}

@Block({ description: 'Denoises without a look at the picture.' })
class Undirected extends DenoiseLoop {
  @LoopStep() override predictNoise = PredictNothing
}

/** Latents of which one value is not a number. */
const brokenLatents = () => tf.tensor4d([NaN, ...new Array(2 * 2 * 4 - 1).fill(0)], [1, 2, 2, 4])

const unguided = { guider: new ClassifierFreeGuidance({ guidanceScale: 1 }) }
const inSequence = (loop: DenoiseLoop) =>
  SequentialPipelineBlocks.fromBlocksDict({ setTimesteps: SetTimesteps, denoise: loop })
const undirected = () => emoji.pipelineOf(inSequence(new Undirected()))

/** Calls with what the reference began with. */
async function withReference<T>(call: (inputs: Record<string, unknown>) => Promise<T>): Promise<T> {
  const inputs = { latents: toTensor(recorded('initial_noise')), promptEmbeds: toTensor(recorded('prompt_embeds')) }
  try {
    return await call(inputs)
  } finally {
    tf.dispose(Object.values(inputs))
  }
}

describe('DenoiseLoop', () => {
  test('goes from the noise to the picture as the reference does', async () => {
    let steps = 0
    const onEvent = (event: PipelineEvent) => {
      if (event.type !== 'loopStep') return
      const expected = entryOf(recorded('latents_by_step'), steps++)
      expectClose(`step ${steps}`, toChannelsFirst(event.state.latents as tf.Tensor), expected, {
        atol: 1e-3,
        rtol: 1e-3,
      })
    }
    const latents = await withReference(inputs =>
      emoji.pipelineOf(inSequence(new DenoiseLoop()), unguided)<tf.Tensor>(
        { ...inputs, numInferenceSteps: 10 },
        { output: 'latents', onEvent },
      ),
    )
    expect(steps).toBe(10)
    expectClose('latents', toChannelsFirst(latents), entryOf(recorded('latents_by_step'), 9), {
      atol: 1e-3,
      rtol: 1e-3,
    })
    latents.dispose()
  })

  test('tells its progress: the step, how many there are, the timestep', async () => {
    const events: LoopStepEvent[] = []
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'loopStep') events.push(event)
    }
    const call = (inputs: object) => undirected()({ ...inputs, numInferenceSteps: 3 }, { output: 'batchSize', onEvent })
    await withReference(call)
    expect(events.map(({ path, step, total, variables }) => ({ path, step, total, variables }))).toEqual([
      { path: ['denoise'], step: 1, total: 3, variables: { i: 0, t: 667 } },
      { path: ['denoise'], step: 2, total: 3, variables: { i: 1, t: 334 } },
      { path: ['denoise'], step: 3, total: 3, variables: { i: 2, t: 1 } },
    ])
  })

  test('runs another part in the place of one', async () => {
    const latents = await withReference(inputs =>
      undirected()<tf.Tensor>({ ...inputs, numInferenceSteps: 3 }, { output: 'latents' }),
    )
    const expected = tf.tidy(() => {
      const scheduler = emoji.scheduler.forRun()
      scheduler.setTimesteps(3)
      let sample = toTensor(recorded('initial_noise'))
      for (const t of scheduler.timesteps) sample = scheduler.step(tf.zerosLike(sample), t, sample).prevSample
      return sample
    })
    expect(take(latents)).toEqual(take(expected))
  })

  test('says that the timesteps must be set first', async () => {
    const loop = emoji.pipelineOf(new DenoiseLoop(), unguided)
    const call = (inputs: object) => loop({ ...inputs, timesteps: [500], numInferenceSteps: 1 })
    const error = await failureOf(withReference(call))
    expect(error).toMatchObject({ path: ['[step 1 of 1]', 'update'], cause: { code: 'TIMESTEPS_NOT_SET' } })
  })

  test('stops between two steps when it is cancelled', async () => {
    const stop = new AbortController()
    let steps = 0
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'loopStep' && ++steps === 2) stop.abort()
    }
    const call = (inputs: object) => undirected()({ ...inputs, numInferenceSteps: 9 }, { signal: stop.signal, onEvent })
    const error = await failureOf(withReference(call))
    expect(error).toBeInstanceOf(PipelineAbortError)
    expect(steps).toBe(2)
    expect((error as PipelineAbortError).path.join(' > ')).toContain('denoise')
  })

  test('warns of latents that are not finite, also where nothing decodes them', async () => {
    const latents = brokenLatents()
    const { warnings, onEvent } = collectWarnings()
    const pipe = emoji.pipelineOf(inSequence(new Undirected()))
    const denoised = await pipe<tf.Tensor>({ latents, numInferenceSteps: 2 }, { output: 'latents', onEvent })
    tf.dispose([latents, denoised])
    expect(warnings).toMatchObject([
      { code: 'LATENTS_NOT_FINITE', message: expect.stringContaining('1 of 16 values that are NaN or infinite') },
    ])
  })
})

import * as tf from '@tensorflow/tfjs'
import { ClassifierFreeGuidance, Generator, PredictNoise, randnTensor } from '../../../index'
import '../../../testing/jest'
import { failureOf, take, useEmojiModel } from '../use-emoji-model'
import { oneIterationOf } from './one-iteration'

const emoji = useEmojiModel()

type Inputs = Readonly<Record<'scaledLatents' | 'promptEmbeds' | 'negativePromptEmbeds', tf.Tensor>>

/** Two pictures, of another size than the model's own to save time. */
function makeInputs(): Inputs {
  const draw = (seed: number, shape: readonly [number, number, number, number]) =>
    randnTensor(shape, new Generator(seed))
  return tf.tidy(() => ({
    scaledLatents: draw(1, [2, 8, 8, 4]),
    promptEmbeds: draw(2, [2, 24, 128, 1]).squeeze([3]),
    negativePromptEmbeds: draw(3, [2, 24, 128, 1]).squeeze([3]),
  }))
}

/** Runs the block in a run of 4 steps; `change` may change its inputs. */
async function predict(
  guider: ClassifierFreeGuidance,
  at = 0,
  change: (inputs: Inputs) => Partial<Inputs> = inputs => inputs,
): Promise<tf.Tensor> {
  const inputs = makeInputs()
  const changed = change(inputs)
  try {
    const pipe = emoji.pipelineOf(oneIterationOf({ predictNoise: PredictNoise }), { guider })
    return await pipe<tf.Tensor>({ ...changed, numInferenceSteps: 4, at }, { output: 'noisePred' })
  } finally {
    tf.dispose([...Object.values(inputs), ...Object.values(changed)])
  }
}

/** What the UNet predicts with the prompt and with the negative prompt. */
function unetOutputs(timestep: number): { cond: tf.Tensor; uncond: tf.Tensor } {
  const { scaledLatents, promptEmbeds, negativePromptEmbeds } = makeInputs()
  const sample = scaledLatents as tf.Tensor4D // As makeInputs() makes it.
  const output = (embeds: tf.Tensor) =>
    emoji.unet.forward({ sample, timestep, encoderHiddenStates: embeds as tf.Tensor3D })
  return { cond: output(promptEmbeds), uncond: output(negativePromptEmbeds) }
}

function expectTensor(got: tf.Tensor, expected: tf.Tensor): void {
  expect(take(got)).toBeCloseToTensor(take(expected), { atol: 1e-4, rtol: 1e-4 })
}

describe('PredictNoise', () => {
  test('predicts with the prompt alone where nothing guides', async () => {
    const expected = tf.tidy(() => unetOutputs(751).cond)
    expectTensor(await predict(new ClassifierFreeGuidance({ guidanceScale: 1 })), expected)
  })

  test('moves the prediction away from that with the negative prompt', async () => {
    const expected = tf.tidy(() => {
      const { cond, uncond } = unetOutputs(251)
      return uncond.add(cond.sub(uncond).mul(3))
    })
    expectTensor(await predict(new ClassifierFreeGuidance({ guidanceScale: 3 }), 2), expected)
  })

  test('calls the UNet once for all conditions', async () => {
    const call = jest.spyOn(emoji.unet, 'call')
    const forward = jest.spyOn(emoji.unet, 'forward')
    take(await predict(new ClassifierFreeGuidance({ guidanceScale: 3 })))
    expect(call.mock.calls.map(([{ sample, timestep }]) => [sample.shape, timestep])).toEqual([[[4, 8, 8, 4], 751]])
    // As a tensor, a step is no other graph than the one before.
    const steps = forward.mock.calls.map(([{ timestep }]) => timestep)
    expect(steps).toEqual([expect.objectContaining({ shape: [1], dtype: 'float32' })])
  })

  test.each([
    [0, 2],
    [1, 2],
    [2, 4],
    [3, 4],
  ])('asks at step %i of 4 for a batch of %i, where guidance begins in the middle', async (at, batch) => {
    const forward = jest.spyOn(emoji.unet, 'forward')
    take(await predict(new ClassifierFreeGuidance({ start: 0.5 }), at))
    expect(forward.mock.calls.map(([{ sample }]) => sample.shape[0])).toEqual([batch])
  })

  test('needs a negative prompt for a guider that compares', async () => {
    const error = await failureOf(
      predict(new ClassifierFreeGuidance(), 0, ({ negativePromptEmbeds: _, ...rest }) => rest),
    )
    expect(error).toMatchObject({
      code: 'BLOCK_EXECUTION',
      path: ['iteration[step 1]', 'predictNoise'],
      cause: { code: 'GUIDER_ARGUMENT' },
    })
    expect((error as Error).message).toContain(
      'the input "encoderHiddenStates" has no value for the prediction "predUncond" at step 0',
    )
  })

  test('refuses embeddings for another number of pictures', async () => {
    const error = await failureOf(
      predict(new ClassifierFreeGuidance(), 0, inputs => ({
        ...inputs,
        promptEmbeds: inputs.promptEmbeds.slice([0], [1]),
      })),
    )
    expect(error).toMatchObject({ code: 'SHAPE_MISMATCH' })
    expect((error as Error).message).toContain('"images" is')
  })
})

import * as tf from '@tensorflow/tfjs'
import type { UNet2DConditionInputs } from '../../../components/models/unet-2d-condition/inputs'
import {
  Block,
  ClassifierFreeGuidance,
  Generator,
  type In,
  Input,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  PredictNoise,
  randnTensor,
  UNet2DConditionModel,
} from '../../../index'
import { type GoldenCall, GoldenModelCase, goldenCalls, goldenFolder } from '../../components/models/golden-model-case'
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
function unetOutputs(
  timestep: number,
  maps: Partial<ReturnType<typeof mapsFor>> = {},
): { cond: tf.Tensor; uncond: tf.Tensor } {
  const { scaledLatents, promptEmbeds, negativePromptEmbeds } = makeInputs()
  const sample = scaledLatents as tf.Tensor4D // As makeInputs() makes it.
  const output = (embeds: tf.Tensor) =>
    emoji.unet.forward({ ...maps, sample, timestep, encoderHiddenStates: embeds as tf.Tensor3D })
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
    // As a tensor, a step does not need another graph than the one before.
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

  test('gives the UNet whatever blocks before it have tagged, also in the same iteration', async () => {
    @Block({ description: 'Stands for a ControlNet: writes maps for each step.' })
    class WriteMaps extends ModularPipelineBlocks {
      @Input() scaledLatents!: In<tf.Tensor4D>
      @Output({ kwargsType: 'denoiserInputFields' }) downBlockAdditionalResiduals!: Out<tf.Tensor4D[]>
      @Output({ kwargsType: 'denoiserInputFields' }) midBlockAdditionalResidual!: Out<tf.Tensor4D>

      @LoopStep()
      step() {
        Object.assign(this, mapsFor(this.scaledLatents.shape[0]))
      }
    }
    const { scaledLatents, ...denoiserInputFields } = makeInputs()
    const blocks = oneIterationOf({ writeMaps: WriteMaps, predictNoise: PredictNoise })
    const pipe = emoji.pipelineOf(blocks, { guider: new ClassifierFreeGuidance({ guidanceScale: 3 }) })
    const inputs = { scaledLatents, denoiserInputFields, numInferenceSteps: 4, at: 2 }
    const noisePred = await pipe<tf.Tensor>(inputs, { output: 'noisePred' })
    const expected = tf.tidy(() => {
      const { cond, uncond } = unetOutputs(251, mapsFor(2))
      return uncond.add(cond.sub(uncond).mul(3))
    })
    const without = tf.tidy(() => {
      const { cond, uncond } = unetOutputs(251)
      return uncond.add(cond.sub(uncond).mul(3))
    })
    expect(tf.tidy(() => noisePred.sub(without).abs().max().dataSync()[0])).toBeGreaterThan(1e-2)
    expectTensor(noisePred, expected)
    tf.dispose([scaledLatents, denoiserInputFields, without])
  })

  test('calls the UNet of SDXL with its further conditions', async () => {
    const unet = await UNet2DConditionModel.fromPretrained(goldenFolder('unet_sdxl'))
    const { sample, encoderHiddenStates, addedCondKwargs } = (await GoldenModelCase.open('unet_sdxl')).inputs<
      Required<UNet2DConditionInputs>
    >(goldenCalls('unet_sdxl')[0] as GoldenCall)
    const { textEmbeds, timeIds } = addedCondKwargs as NonNullable<typeof addedCondKwargs>
    const [negativePromptEmbeds, negativePooledPromptEmbeds] = [encoderHiddenStates.mul(-0.5), textEmbeds.mul(2)]
    const guider = new ClassifierFreeGuidance({ guidanceScale: 3 })
    const pipe = emoji.pipelineOf(oneIterationOf({ predictNoise: PredictNoise }), { guider, unet })
    const fields = {
      promptEmbeds: encoderHiddenStates,
      negativePromptEmbeds,
      pooledPromptEmbeds: textEmbeds,
      negativePooledPromptEmbeds,
      addTimeIds: timeIds,
      negativeAddTimeIds: timeIds,
    }
    const inputs = { scaledLatents: sample, denoiserInputFields: fields, numInferenceSteps: 4, at: 2 }
    const noisePred = await pipe<tf.Tensor>(inputs, { output: 'noisePred' })
    const expected = tf.tidy(() => {
      const timestep = 251
      const cond = unet.forward({ sample, timestep, encoderHiddenStates, addedCondKwargs: { textEmbeds, timeIds } })
      const uncond = unet.forward({
        sample,
        timestep,
        encoderHiddenStates: negativePromptEmbeds as tf.Tensor3D,
        addedCondKwargs: { textEmbeds: negativePooledPromptEmbeds as tf.Tensor2D, timeIds },
      })
      return uncond.add(cond.sub(uncond).mul(3))
    })
    expectTensor(noisePred, expected)
    unet.dispose()
    tf.dispose([sample, fields])
  })
})

/** Maps that a ControlNet would add, of the sizes of the emoji model's on the way down. */
function mapsFor(batch: number) {
  const { blockOutChannels, layersPerBlock } = emoji.unet.config
  const channels: [size: number, channels: number][] = [[8, blockOutChannels[0] as number]]
  for (const [level, width] of blockOutChannels.entries()) {
    const size = 8 / 2 ** level
    for (let i = 0; i < Number(layersPerBlock); i++) channels.push([size, width])
    if (level < blockOutChannels.length - 1) channels.push([size / 2, width])
  }
  const map = ([size, width]: readonly [number, number]) => tf.fill([batch, size, size, width], 0.1) as tf.Tensor4D
  return {
    downBlockAdditionalResiduals: channels.map(map),
    midBlockAdditionalResidual: map(channels.at(-1) as [number, number]),
  }
}

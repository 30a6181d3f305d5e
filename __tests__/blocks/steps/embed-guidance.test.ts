import type * as tf from '@tensorflow/tfjs'
import { guiderOptions } from '../../../blocks/steps/guider-options'
import {
  BaseGuidance,
  Block,
  ClassifierFreeGuidance,
  Component,
  EmbedGuidance,
  ModularPipelineBlocks,
  type Out,
  Output,
  PerturbedAttentionGuidance,
  SequentialPipelineBlocks,
  selectBackend,
  UNet2DConditionModel,
} from '../../../index'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { collectWarnings, take } from '../use-emoji-model'

@Block({ description: 'Counts the passes of the guider that the blocks after EmbedGuidance find.' })
class CountPasses extends ModularPipelineBlocks {
  @Component(BaseGuidance, guiderOptions) guider!: BaseGuidance
  @Output() passes!: Out<number>

  run() {
    this.passes = this.guider.numConditions
  }
}

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

const unetOf = (timeCondProjDim: number | null) =>
  UNet2DConditionModel.fromConfig({
    inChannels: 4,
    outChannels: 4,
    blockOutChannels: [4],
    normNumGroups: 2,
    downBlockTypes: ['DownBlock2D'],
    upBlockTypes: ['UpBlock2D'],
    crossAttentionDim: 4,
    timeCondProjDim,
  })

const pipelineOf = (unet: UNet2DConditionModel, guider: BaseGuidance = new ClassifierFreeGuidance()) =>
  SequentialPipelineBlocks.fromBlocksDict({ embed: EmbedGuidance, count: CountPasses })
    .initPipeline()
    .updateComponents({ unet, guider })

describe('EmbedGuidance', () => {
  // get_guidance_scale_embedding(torch.tensor([w - 1]), 6): recorded from diffusers.
  test.each([
    [
      8,
      [
        0.5068854093551636, 0.7738906741142273, 0.6442176103591919, 0.8620134592056274, 0.6333191990852356,
        0.7648422122001648,
      ],
    ],
    [1, [0, 0, 0, 1, 1, 1]],
  ])('embeds the scale %d as the reference does', async (guidanceScale, expected) => {
    const pipe = pipelineOf(unetOf(6))
    const embedding = take((await pipe({ guidanceScale }, { output: 'timestepCond' })) as tf.Tensor)
    expect(embedding.shape).toEqual([1, 6])
    for (const [i, value] of embedding.values.entries()) expect(value).toBeCloseTo(expected[i] as number, 5)
  })

  test("embeds the guider's own scale if none is passed, and pads odd dimensions", async () => {
    const own = pipelineOf(unetOf(5), new ClassifierFreeGuidance({ guidanceScale: 3 }))
    const asked = pipelineOf(unetOf(5))
    const embedding = take((await own({}, { output: 'timestepCond' })) as tf.Tensor)
    expect(embedding.values.at(-1)).toBe(0)
    expect(embedding).toEqual(take((await asked({ guidanceScale: 3 }, { output: 'timestepCond' })) as tf.Tensor))
  })

  test('switches the guider off for this run, and warns of one that was chosen', async () => {
    for (const [guider, codes] of [
      [new ClassifierFreeGuidance(), []],
      [new PerturbedAttentionGuidance({ perturbedGuidanceLayers: [0] }), ['GUIDER_IGNORED']],
    ] as const) {
      const { warnings, onEvent } = collectWarnings()
      expect(await pipelineOf(unetOf(6), guider)({}, { output: 'passes', onEvent })).toBe(1)
      expect(warnings.map(({ code }) => code)).toEqual(codes)
      expect(guider.getState().enabled).toBe(true)
    }
  })

  test('does nothing for other UNets', async () => {
    const pipe = pipelineOf(unetOf(null))
    expect(await pipe({ guidanceScale: 3 }, { output: ['timestepCond', 'passes'] })).toEqual({
      timestepCond: undefined,
      passes: 2,
    })
  })
})

/** Predicts the noise along pictures. Counterpart: StableDiffusionXLControlNetLoopDenoiser of diffusers. */
import { z } from 'zod'
import {
  type CallSize,
  type ConditionName,
  ControlNet,
  type ControlSettings,
  type ResidualSource,
  TensorPlaceholder,
  tensor,
  tf,
} from '../../components'
import { Block, Component, type In, Input, type RunPlan, type UpcomingCall } from '../../src'
import { controlnetOptions } from './component-options'
import { controlnetCondSchema } from './controlnet-input'
import { PredictNoise } from './predict-noise'
import { sharedStep } from './shared-step'

/** What a ControlNet holds while it computes, beside what the UNet does: it is the first half of one. */
const SHARE_OF_UNET = 0.5

/** Channels of pictures. */
const COLORS = 3

/**
 * As {@link PredictNoise}, with ControlNets whose maps are added to the UNet's. Both are computed in one call. Steps in which no ControlNet takes part cost what they
 * cost without.
 */
@Block({ ...sharedStep, description: 'Predicts the noise with the UNet and ControlNets, guided by the prompt.' })
export class ControlNetPredictNoise extends PredictNoise {
  static override readonly className: string = 'ControlNetPredictNoise'

  @Component(ControlNet, controlnetOptions)
  controlnet!: ControlNet | undefined

  @Input(controlnetCondSchema.describe('The pictures of each ControlNet.'))
  controlnetCond!: In<tf.Tensor4D[], 'required'>

  @Input(z.array(z.number()).describe('How strong each ControlNet is.'))
  conditioningScale!: In<number[], 'required'>

  @Input(
    z.array(z.array(z.number())).describe('For each step, 1 for each ControlNet that takes part, and 0 otherwise.'),
  )
  controlnetKeep!: In<number[][], 'required'>

  /** Whether the ControlNets see the prompt alone, and not the negative prompt, and their maps grow on the way down: for drawing without a prompt. */
  @Input(
    z
      .boolean()
      .default(false)
      .describe(
        'Whether the ControlNets see the prompt alone, and not the negative prompt, and their maps grow on the way down: for drawing without a prompt.',
      ),
  )
  guessMode!: In<boolean>

  @Input({ schema: tensor('controlTypes').optional(), description: 'The kind of each picture, for union ControlNets.' })
  controlTypeIdx!: In<tf.Tensor1D | undefined>

  @Input({
    schema: tensor('1 kinds').optional(),
    description: '1 for kinds of which there is a picture, for union ControlNets.',
  })
  controlType!: In<tf.Tensor2D | undefined>

  protected override residualSources(i: number, conditions: readonly ConditionName[]): readonly ResidualSource[] {
    const { controlTypeIdx: idx, controlType: type } = this
    const keep = this.controlnetKeep[i] ?? []
    const scales = this.conditioningScale.map((scale, k) => scale * (keep[k] ?? 1))
    // Maps times zero change nothing.
    if (scales.every(scale => scale === 0)) return []
    const kinds = idx && type && { idx, type }
    return this.sourcesOf({ pictures: this.controlnetCond, scales, kinds }, conditions)
  }

  protected override plannedSources(
    { widths = {} }: RunPlan,
    { latents = this.unet.sampleSize }: CallSize,
    conditions: readonly ConditionName[],
  ): readonly ResidualSource[] {
    const { controlnet } = this
    const { controlPictures: count, controlRows: rows } = widths
    if (controlnet === undefined || count === undefined || rows === undefined) return []
    const scale = controlnet.pixelsPerLatent
    const picture = new TensorPlaceholder([rows, latents.height * scale, latents.width * scale, COLORS])
    const kinds = {
      idx: new TensorPlaceholder([count], 'int32'),
      type: new TensorPlaceholder([1, controlnet.kindCount]),
    }
    const pictures = Array<TensorPlaceholder>(count).fill(picture)
    return this.sourcesOf({ pictures, scales: pictures.map(() => 1), kinds }, conditions)
  }

  override upcomingCalls(plan: RunPlan): UpcomingCall[] {
    return super
      .upcomingCalls(plan)
      .map(({ memory = 0, ...call }) => ({ ...call, memory: memory * (1 + SHARE_OF_UNET) }))
  }

  protected override hasRoomFor(size: CallSize, count: number): boolean {
    return super.hasRoomFor(size, count * (1 + SHARE_OF_UNET))
  }

  private sourcesOf(
    own: Pick<ControlSettings, 'pictures' | 'scales' | 'kinds'>,
    conditions: readonly ConditionName[],
  ): readonly ResidualSource[] {
    const controlnet = this.controlnet as ControlNet // The step that prepared the pictures has checked it.
    const guessMode = this.guessMode || controlnet.globalPoolConditions
    const parts = conditions.map(condition => !guessMode || condition !== 'uncond')
    return parts.includes(true) ? controlnet.residualSources({ ...own, guessMode, parts }) : []
  }
}

/** Predicts the noise in the latents, with guidance. Counterpart: StableDiffusionXLLoopDenoiser of diffusers. */
import {
  Adapters,
  BaseGuidance,
  type CallSize,
  type ConditionName,
  type DenoiserInputFields,
  type GuiderInputs,
  type ModuleHook,
  planCalls,
  predictConditions,
  type ResidualSource,
  repeatRows,
  tf,
  type UNet2DConditionInputs,
  UNet2DConditionModel,
} from '../../components'
import {
  Block,
  Component,
  type In,
  Input,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunPlan,
  type UpcomingCall,
} from '../../src'
import { callSizeOf, isWhole } from './call-size-of'
import { adaptersOptions, unetOptions } from './component-options'
import { guiderOptions } from './guider-options'
import { plannedTokens } from './ip-adapter-plan'
import {
  batchConditionsSchema,
  type CrossAttentionKwargs,
  crossAttentionKwargsSchema,
  embedsSchema,
  latentsSchema,
  modelInputSchema,
  timestepCondSchema,
  timestepsSchema,
} from './schemas'
import { sharedStep } from './shared-step'

/** A step of the denoise loop: runs the UNet for each condition of the guider, and combines the predictions. */
@Block({ ...sharedStep, description: 'Predicts the noise with the UNet, guided by the prompt.' })
export class PredictNoise extends ModularPipelineBlocks {
  static override readonly className: string = 'PredictNoise'

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  @Component(Adapters, adaptersOptions)
  adapters!: Adapters

  /** The timesteps of the run, falling. */
  @Input(timestepsSchema.describe('The timesteps of the run, falling.'))
  timesteps!: In<number[]>

  @Input(modelInputSchema)
  scaledLatents!: In<tf.Tensor4D>

  /** What the UNet is conditioned on: every value that a block before has tagged with the group, such as promptEmbeds and negativePromptEmbeds. */
  @Input({
    name: null,
    description:
      'What the UNet is conditioned on: every value that a block before has tagged with the group, such as promptEmbeds and negativePromptEmbeds.',
  })
  denoiserInputFields!: In<DenoiserInputFields | undefined>

  /** The encoded prompts, which every UNet needs: one of the group. */
  @Input({ schema: embedsSchema, kwargsType: 'denoiserInputFields' })
  promptEmbeds!: In<tf.Tensor3D>

  /** The encoded negative prompts, one of the group. */
  @Input({ schema: embedsSchema.optional(), kwargsType: 'denoiserInputFields' })
  negativePromptEmbeds!: In<tf.Tensor3D | undefined>

  /** The embedded guidance scale, for UNets that take it as an input. */
  @Input(timestepCondSchema.optional().describe('The embedded guidance scale, for UNets that take it as an input.'))
  timestepCond!: In<tf.Tensor2D | undefined>

  /** Whether the UNet predicts all conditions in one batch: faster, but takes more memory. By default where there is room. */
  @Input(batchConditionsSchema)
  batchConditions!: In<boolean | undefined>

  /** Settings for adapters in this call: `scale` multiplies the weights of all LoRAs, `ipAdapterMasks` say where the pictures of each IP-Adapter count. */
  @Input(crossAttentionKwargsSchema)
  crossAttentionKwargs!: In<CrossAttentionKwargs>

  @Output(latentsSchema.describe('What the UNet predicts, as the guider combines it.'))
  noisePred!: Out<tf.Tensor4D>

  /** One prediction for the conditions of the first step, by the guider of the moment; the memory is that of a single condition. Later steps may ask for more. */
  override upcomingCalls(plan: RunPlan): UpcomingCall[] {
    const { unet, guider } = this
    const known = callSizeOf(plan)
    if (known === undefined) return []
    const embeds = this.denoiserInputFields?.['promptEmbeds']
    const size = { ...known, tokens: embeds instanceof tf.Tensor ? embeds.shape[1] : known.tokens }
    const prepare = (signal: AbortSignal | undefined) => {
      // A copy, as the run's own guider has not begun.
      const firstStep = guider.forRun()
      firstStep.setState(0, this.timesteps?.length ?? plan.steps ?? 1, this.timesteps?.[0] ?? 0)
      const together = this.batchConditions ?? this.hasRoomFor(size, firstStep.numConditions)
      for (const { passes, hooks, conditions } of planCalls(firstStep, unet, together)) {
        const residuals = this.plannedSources(plan, size, conditions)
        const batch = passes * size.batch
        const adapted = this.adapterHooks(plannedTokens(this.adapters, batch, plan.widths))
        unet.prepare({ ...size, batch }, { hooks: [...adapted, ...hooks], residuals, signal })
      }
    }
    return [{ memory: unet.callBytes(size), ...(isWhole(size) && { prepare }) }]
  }

  @LoopStep({ variables: ['i', 't'] })
  async step({ i, t }: { i: number; t: number }): Promise<void> {
    const { guider, unet, scaledLatents: sample } = this
    const { signal } = this.context
    const [batch, height, width] = sample.shape
    // Not the number of steps, as some schedulers ask twice for each: their runs would end without guidance.
    guider.setState(i, this.timesteps.length, t)
    const together =
      this.batchConditions ?? (() => this.hasRoomFor({ batch, latents: { height, width } }, guider.numConditions))
    const conditions: Record<string, unknown> = {
      sample,
      ...unet.inputsOfFields(this.denoiserInputFields ?? {}),
      timestepCond: this.timestepCond && (await repeatRows(this.timestepCond, sample.shape[0], { signal })),
    }
    if (i === 0) this.warnOfUnusedScale()
    const noisePred = await predictConditions(
      guider,
      unet,
      conditions as GuiderInputs,
      ({ ipAdapterTokens, ...inputs }, hooks, ofPasses) =>
        // The UNet checks what it is called with.
        unet.call({ ...inputs, timestep: t } as unknown as UNet2DConditionInputs, {
          signal,
          hooks: [...this.adapterHooks(ipAdapterTokens), ...hooks],
          residuals: this.residualSources(i, ofPasses),
        }),
      together,
    )
    this.noisePred = noisePred as tf.Tensor4D
  }

  /**
   * What computes maps for the UNet in a call of step `i`. By default nothing does.
   *
   * @param _conditions - the condition of each equal part of the batch
   */
  protected residualSources(_i: number, _conditions: readonly ConditionName[]): readonly ResidualSource[] {
    return []
  }

  /** The same for the first step, from what is known before the run. */
  protected plannedSources(
    _plan: RunPlan,
    _size: CallSize,
    _conditions: readonly ConditionName[],
  ): readonly ResidualSource[] {
    return []
  }

  /** Whether there is room for so many conditions at once. */
  protected hasRoomFor(size: CallSize, count: number): boolean {
    return this.unet.hasRoomFor(size, count)
  }

  private warnOfUnusedScale(): void {
    const scale = this.crossAttentionKwargs?.scale
    if (scale === undefined || this.adapters.get('lora') !== undefined) return
    const message = `crossAttentionKwargs.scale is ${scale}, but no LoRA is active: it was ignored.`
    this.context.warn('SCALE_WITHOUT_LORA', message)
  }

  /** @param ipAdapterTokens those of the call, with a row for each of its samples */
  private adapterHooks(ipAdapterTokens: unknown): ModuleHook[] {
    const { scale, ipAdapterMasks } = this.crossAttentionKwargs ?? {}
    return this.adapters.hooksFor('unet', this.unet, { scale, inputs: { ipAdapterTokens, ipAdapterMasks } })
  }
}

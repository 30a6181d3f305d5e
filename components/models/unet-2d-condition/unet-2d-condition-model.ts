/** The UNet of Stable Diffusion. Counterpart: models/unets/unet_2d_condition.py. */
import type { FromPretrainedOptions, FromSingleFileOptions } from '../../../src/params/component-class'
import { availableMemory } from '../../../src/platform/available-memory'
import type { RawConfig } from '../../configs/parse-config'
import { activations } from '../../nn/activations'
import { Conv2d } from '../../nn/conv2d'
import type { Embedding } from '../../nn/embedding'
import { GroupNorm } from '../../nn/group-norm'
import * as tf from '../../tensors/tf'
import { type CallSize, type MapSize, type ModelFunction, ownSize } from '../call-size'
import { type DenoiserInputFields, inputsOfFields } from '../denoiser-fields'
import type { TimestepEmbedding, Timesteps } from '../layers/timestep-embedding'
import { loadPretrained } from '../load-pretrained'
import { loadSingleFile } from '../load-single-file'
import { type ModelCallOptions, PretrainedModel } from '../pretrained-model'
import { activationBytes, attentionBytes } from './activation-bytes'
import { addedFeatures } from './added-features'
import type { BlockInputs } from './block-parts'
import { callShapes, type UNet2DConditionShapes } from './call-shapes'
import { parseUNet2DConditionConfig, type UNet2DConditionConfig } from './config'
import { createUpBlocks } from './create-blocks'
import { denoiserFields } from './denoiser-fields'
import type { DownBlock } from './down-block'
import { addResiduals, checkInputs, type UNet2DConditionInputs } from './inputs'
import type { MidBlock } from './mid-block'
import {
  computeResiduals,
  type ResidualSource,
  type SourceInputs,
  sourceInputs,
  sourcePlaceholders,
  sourcesKey,
} from './residual-source'
import {
  createUNetEncoder,
  embedConditions,
  encodeMaps,
  sameSize,
  timeEmbedDimOf,
  type UNetEncoder,
} from './unet-encoder'
import type { UpBlock } from './up-block'

/** Options of a call of a UNet. */
export interface UNet2DConditionCallOptions extends ModelCallOptions {
  /** Compute, in this call, maps that are added to the UNet's, e.g. ControlNets. They take the place of `downBlockAdditionalResiduals`. */
  readonly residuals?: readonly ResidualSource[] | undefined
}

/** Predicts the noise (or another quantity that it was trained for) in a latent image, given the time and a prompt. */
export class UNet2DConditionModel extends PretrainedModel implements UNetEncoder {
  static override readonly className: string = 'UNet2DConditionModel'

  readonly convIn!: Conv2d
  readonly timeProj!: Timesteps
  readonly timeEmbedding!: TimestepEmbedding
  readonly classEmbedding: Embedding | TimestepEmbedding | undefined
  readonly addTimeProj: Timesteps | undefined
  readonly addEmbedding: TimestepEmbedding | undefined
  readonly downBlocks!: readonly DownBlock[]
  readonly midBlock: MidBlock | undefined
  readonly upBlocks: readonly UpBlock[]
  readonly convNormOut: GroupNorm
  readonly convOut: Conv2d

  private constructor(
    /** The settings, complete and frozen. */
    override readonly config: UNet2DConditionConfig,
  ) {
    super()
    const { normNumGroups, normEps, blockOutChannels } = config
    const [firstChannels = 0] = blockOutChannels
    Object.assign(this, createUNetEncoder(config, config.convInKernel))
    this.upBlocks = createUpBlocks(config, timeEmbedDimOf(config))
    this.convNormOut = new GroupNorm(normNumGroups, firstChannels, normEps)
    this.convOut = new Conv2d(firstChannels, config.outChannels, sameSize(config.convOutKernel))
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): UNet2DConditionModel {
    return new UNet2DConditionModel(
      parseUNet2DConditionConfig(config, { component: UNet2DConditionModel.className, file }),
    )
  }

  /**
   * Loads a model from a folder in the diffusers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<UNet2DConditionModel> {
    return loadPretrained(UNet2DConditionModel, { weightsName: 'diffusion_pytorch_model' }, path, options)
  }

  /**
   * Loads a model from one file that holds it, alone or with others.
   *
   * @throws SingleFileError for a file of another kind, or one that does not hold the model; PickleCheckpointError, SafetensorsError, GGUFError, MissingFileError, UnwritableFileError, ConfigError
   */
  static fromSingleFile(path: string | URL, options?: FromSingleFileOptions): Promise<UNet2DConditionModel> {
    return loadSingleFile(UNet2DConditionModel, { component: 'unet' }, path, options)
  }

  /** Changes the size of the latents that the model was trained on, which no weight depends on. @throws ConfigError */
  registerToConfig(changes: Pick<UNet2DConditionConfig, 'sampleSize'>): void {
    const config = parseUNet2DConditionConfig(
      { ...this.config, ...changes },
      { component: UNet2DConditionModel.className },
    )
    ;(this as { -readonly [K in 'config']: UNet2DConditionConfig }).config = config
  }

  /** Size of the latents that the model was trained on. */
  get sampleSize(): MapSize {
    return ownSize(this.config.sampleSize)
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    const shapes = (size: CallSize) => this.callShapes(size)
    return { '': { shapes, forward: (given: UNet2DConditionInputs) => ({ outSample: this.forward(given) }) } }
  }

  /** Returns what {@link call} takes for latents and texts of that size: every input that the config asks for. */
  callShapes(size: CallSize): UNet2DConditionShapes {
    return callShapes(this.config, size)
  }

  /**
   * Returns the inputs that fields of the group `denoiserInputFields` stand for, with a value for each condition where they differ:
   * `{ encoderHiddenStates: { cond, uncond }, addedCondKwargs: { textEmbeds: { cond, uncond }, … } }`.
   *
   * @throws ModelInputError for a field that this model does not take
   */
  inputsOfFields(fields: DenoiserInputFields): Record<string, unknown> {
    return inputsOfFields(fields, denoiserFields)
  }

  /**
   * One prediction: `[batch, height, width, outChannels]`, computed by the model's executor, with what `options.residuals` compute in the same call.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; ModelHookError for hooks that do not fit; GraphExecutionError where
   * the model runs as a graph; the reason of `options.signal`
   */
  async call(
    inputs: UNet2DConditionInputs,
    { residuals = [], ...options }: UNet2DConditionCallOptions = {},
  ): Promise<tf.Tensor4D> {
    const { timestep } = inputs
    // A number would be part of the graph, and each step another one.
    const asTensor = typeof timestep === 'number' ? tf.tensor1d([timestep]) : undefined
    const given = { ...inputs, timestep: asTensor ?? timestep }
    const own = residuals.length > 0 ? sourceInputs(residuals) : undefined
    try {
      if (own === undefined) return await this.execute('forward', tensors => this.forward(tensors), given, options)
      return await this.execute(
        ...this.callWith(residuals),
        { unet: given, own },
        { ...options, beside: residuals.map(({ model }) => model) },
      )
    } finally {
      tf.dispose([asTensor, own?.numbers].filter(tensor => tensor !== undefined))
    }
  }

  /**
   * Whether there is room for the samples of that many batches at once. It estimates what one prediction needs, which
   * should leave half of the free memory free.
   *
   * @param size of one batch
   */
  hasRoomFor(size: CallSize, count: number): boolean {
    return count * this.callBytes(size) <= availableMemory() / 2
  }

  /**
   * Bytes that one prediction needs beside the weights, by estimate.
   */
  callBytes({ batch, latents = this.sampleSize }: CallSize): number {
    const tokens = latents.height * latents.width
    const attended = this.executor.name === 'eager' ? attentionBytes(this.config, tokens) : 0
    return batch * (activationBytes(this.config, tokens) + attended)
  }

  /** Gets ready, in the background, for calls of that size ({@link callShapes}), until `options.signal` fires. */
  prepare(size: CallSize, { residuals = [], ...options }: UNet2DConditionCallOptions = {}): void {
    const placeholders = this.callShapes(size) as unknown as UNet2DConditionInputs
    if (residuals.length === 0) {
      this.makeReady('forward', given => this.forward(given), placeholders, options)
      return
    }
    this.makeReady(
      ...this.callWith(residuals),
      { unet: placeholders, own: sourcePlaceholders(residuals) },
      { ...options, beside: residuals.map(({ model }) => model) },
    )
  }

  /** Name and work of a call in which sources compute maps. */
  private callWith(sources: readonly ResidualSource[]) {
    const forward = ({ unet, own }: { unet: UNet2DConditionInputs; own: SourceInputs }): tf.Tensor4D =>
      tf.tidy(() => {
        const { downBlockResSamples, midBlockResSample } = computeResiduals(sources, unet, own)
        return this.forward({
          ...unet,
          downBlockAdditionalResiduals: downBlockResSamples,
          midBlockAdditionalResidual: midBlockResSample,
        })
      })
    return [`forward${sourcesKey(sources)}`, forward] as const
  }

  /**
   * One prediction, computed at once on TensorFlow.js's backend: `[batch, height, width, outChannels]`.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward(inputs: UNet2DConditionInputs): tf.Tensor4D {
    checkInputs(this.config, inputs)
    return tf.tidy(() => {
      const { sample, encoderHiddenStates, encoderAttentionMask: mask } = inputs
      const blockInputs: BlockInputs = {
        temb: embedConditions(this, inputs, inputs.timestepCond),
        encoderHiddenStates,
        encoderAttentionBias: mask && attentionBias(mask),
      }
      const first = this.convIn.forward(this.config.centerInputSample ? sample.mul<tf.Tensor4D>(2).sub(1) : sample)
      const { hiddenStates, residuals } = addResiduals(
        encodeMaps(this, first, blockInputs, addedFeatures(this.downBlocks.length, inputs)),
        {
          down: inputs.downBlockAdditionalResiduals,
          mid: inputs.midBlockAdditionalResidual,
        },
      )
      let x = hiddenStates
      for (const block of this.upBlocks) {
        const used = residuals.splice(-block.resnets.length)
        // Where halving has rounded, doubling does not lead back: the next residual tells the size.
        const [, height, width] = residuals.at(-1)?.shape ?? x.shape
        x = block.forward(x, { ...blockInputs, residuals: used, upsampleSize: [height, width] })
      }
      return this.convOut.forward(activations[this.config.actFn](this.convNormOut.forward(x)))
    })
  }
}

/** 0 for the tokens to attend to, -10000 for the others: `[batch, 1, 1, token]`. */
function attentionBias(mask: tf.Tensor2D): tf.Tensor4D {
  return mask.toFloat().sub(1).mul(10000).reshape([mask.shape[0], 1, 1, -1])
}

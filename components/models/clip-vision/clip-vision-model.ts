/** CLIP's vision model. Counterpart: transformers models/clip/modeling_clip.py (CLIPVisionModel). */
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { RawConfig } from '../../configs/parse-config'
import type { ModelRunOptions } from '../../executors/executor'
import { LayerNorm } from '../../nn/layer-norm'
import * as tf from '../../tensors/tf'
import type { CallSize, ModelFunction } from '../call-size'
import { CLIPEncoder } from '../clip/clip-encoder'
import { InputShapes } from '../input-shapes'
import { loadPretrained } from '../load-pretrained'
import { PretrainedModel } from '../pretrained-model'
import type { ModelLayout } from '../save-pretrained'
import { CLIPVisionEmbeddings } from './clip-vision-embeddings'
import { type CLIPVisionConfig, parseCLIPVisionConfig } from './config'

/** What a CLIP vision model is called with. */
export interface CLIPVisionInputs {
  /** Images as a CLIPImageProcessor makes them: `[batch, imageSize, imageSize, numChannels]`. */
  pixelValues: tf.Tensor4D
  /** Whether to return the states of all layers. */
  outputHiddenStates?: boolean
}

/** What a CLIP vision model returns. */
export interface CLIPVisionOutput {
  /** States of the last layer, without the final norm: `[batch, 1 + patches, hiddenSize]`. */
  lastHiddenState: tf.Tensor3D
  /** The last hidden state of the token of the whole image, behind the final norm: `[batch, hiddenSize]`. */
  poolerOutput: tf.Tensor2D
  /** The embeddings behind the first norm, then the states after each layer; empty unless asked for. */
  hiddenStates: tf.Tensor3D[]
}

/** Embeds images. */
export class CLIPVisionModel extends PretrainedModel {
  static override readonly className: string = 'CLIPVisionModel'

  readonly embeddings: CLIPVisionEmbeddings
  /** The norm before the layers. Its name in checkpoints has this slip. */
  readonly preLayrnorm: LayerNorm
  readonly encoder: CLIPEncoder
  readonly postLayernorm: LayerNorm

  /** A model without weights; {@link fromConfig} checks the config first. */
  constructor(
    /** The settings, complete and frozen. */
    override readonly config: CLIPVisionConfig,
  ) {
    super()
    this.embeddings = new CLIPVisionEmbeddings(config)
    this.preLayrnorm = new LayerNorm(config.hiddenSize, config.layerNormEps)
    this.encoder = new CLIPEncoder(config)
    this.postLayernorm = new LayerNorm(config.hiddenSize, config.layerNormEps)
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): CLIPVisionModel {
    return new CLIPVisionModel(parseCLIPVisionConfig(config, { component: CLIPVisionModel.className, file }))
  }

  /**
   * Loads a model from a folder in the transformers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<CLIPVisionModel> {
    const rename = (key: string) => (isVisionPositionIds(key) ? null : bareVisionKey(key))
    const files = { weightsName: 'model', rename, relatedClasses: CLIP_VISION_CLASSES } as const
    return loadPretrained(CLIPVisionModel, files, path, options)
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    return {
      '': { shapes: size => this.callShapes(size), forward: (given: CLIPVisionInputs) => ({ ...this.forward(given) }) },
    }
  }

  /** Returns what {@link call} takes. */
  callShapes({ batch }: CallSize): { pixelValues: TensorPlaceholder } {
    const { imageSize, numChannels } = this.config
    return { pixelValues: new TensorPlaceholder([batch, imageSize, imageSize, numChannels]) }
  }

  protected override get layout(): ModelLayout {
    // With the prefix, which all versions of transformers read.
    return { weightsName: 'model', keyOf: name => `vision_model.${name}`, modelType: 'clip_vision_model' }
  }

  /**
   * Embeds images, computed by the model's executor.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of
   * `options.signal`
   */
  call(inputs: CLIPVisionInputs, options?: ModelRunOptions): Promise<CLIPVisionOutput> {
    return this.execute('forward', given => this.forward(given), inputs, options)
  }

  /**
   * Embeds images, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward({ pixelValues, outputHiddenStates = false }: CLIPVisionInputs): CLIPVisionOutput {
    const { imageSize, numChannels } = this.config
    const shape = ['batch', imageSize, imageSize, numChannels]
    new InputShapes('CLIPVisionModel').checkGiven('pixelValues', shape, pixelValues)
    return tf.tidy(() => {
      const hiddenStates = this.encoder.forward(this.preLayrnorm.forward(this.embeddings.forward(pixelValues)))
      const lastHiddenState = hiddenStates.at(-1) as tf.Tensor3D // Never empty: the embeddings.
      const [batch, , width] = lastHiddenState.shape
      const whole = lastHiddenState.slice([0, 0, 0], [batch, 1, width]).reshape<tf.Tensor2D>([batch, width])
      const poolerOutput = this.postLayernorm.forward(whole)
      return { lastHiddenState, poolerOutput, hiddenStates: outputHiddenStates ? hiddenStates : [] }
    })
  }
}

/** Classes whose checkpoints hold the weights of a vision model. */
export const CLIP_VISION_CLASSES = ['CLIPModel', 'CLIPVisionModel', 'CLIPVisionModelWithProjection']

/** The key of a weight in the vision model itself: files have it with or without the names of what it is a part of. */
export function bareVisionKey(key: string): string {
  return key.replace(/^(?:clip\.)?(?:vision_model\.)*/, '')
}

/** Old files hold the positions 0, 1, 2, … as a tensor. */
export function isVisionPositionIds(key: string): boolean {
  return bareVisionKey(key) === 'embeddings.position_ids'
}

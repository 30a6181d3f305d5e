/** CLIP's vision model with a projection of the pooled output. Counterpart: transformers models/clip/modeling_clip.py (CLIPVisionModelWithProjection). */
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import type { RawConfig } from '../../configs/parse-config'
import type { ModelRunOptions } from '../../executors/executor'
import { Linear } from '../../nn/linear'
import * as tf from '../../tensors/tf'
import type { ModelFunction } from '../call-size'
import { loadPretrained } from '../load-pretrained'
import { PretrainedModel } from '../pretrained-model'
import type { ModelLayout } from '../save-pretrained'
import {
  bareVisionKey,
  CLIP_VISION_CLASSES,
  type CLIPVisionInputs,
  CLIPVisionModel,
  type CLIPVisionOutput,
  isVisionPositionIds,
} from './clip-vision-model'
import { type CLIPVisionConfig, parseCLIPVisionConfig } from './config'

/** What a CLIP vision model with projection returns. */
export interface CLIPVisionProjectionOutput extends Omit<CLIPVisionOutput, 'poolerOutput'> {
  /** The projected pooled output: `[batch, projectionDim]`. */
  imageEmbeds: tf.Tensor2D
}

/** Embeds images into the space that CLIP shares between texts and images. */
export class CLIPVisionModelWithProjection extends PretrainedModel {
  static override readonly className: string = 'CLIPVisionModelWithProjection'

  readonly visionModel: CLIPVisionModel
  readonly visualProjection: Linear

  private constructor(
    /** The settings, complete and frozen. */
    override readonly config: CLIPVisionConfig,
  ) {
    super()
    this.visionModel = new CLIPVisionModel(config)
    this.visualProjection = new Linear(config.hiddenSize, config.projectionDim, { bias: false })
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): CLIPVisionModelWithProjection {
    const source = { component: CLIPVisionModelWithProjection.className, file }
    return new CLIPVisionModelWithProjection(parseCLIPVisionConfig(config, source))
  }

  /**
   * Loads a model from a folder in the transformers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<CLIPVisionModelWithProjection> {
    const rename = (key: string) => {
      if (isVisionPositionIds(key)) return null
      const bare = bareVisionKey(key)
      return bare.startsWith('visual_projection.') ? bare : `vision_model.${bare}`
    }
    const files = { weightsName: 'model', rename, relatedClasses: CLIP_VISION_CLASSES } as const
    return loadPretrained(CLIPVisionModelWithProjection, files, path, options)
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    const shapes: ModelFunction['shapes'] = size => this.visionModel.callShapes(size)
    return { '': { shapes, forward: (given: CLIPVisionInputs) => ({ ...this.forward(given) }) } }
  }

  protected override get layout(): ModelLayout {
    return { weightsName: 'model', modelType: 'clip_vision_model' }
  }

  /**
   * Embeds images, computed by the model's executor.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of
   * `options.signal`
   */
  call(inputs: CLIPVisionInputs, options?: ModelRunOptions): Promise<CLIPVisionProjectionOutput> {
    return this.execute('forward', given => this.forward(given), inputs, options)
  }

  /**
   * Embeds images, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward(inputs: CLIPVisionInputs): CLIPVisionProjectionOutput {
    return tf.tidy(() => {
      const { poolerOutput, lastHiddenState, hiddenStates } = this.visionModel.forward(inputs)
      return { imageEmbeds: this.visualProjection.forward(poolerOutput), lastHiddenState, hiddenStates }
    })
  }
}

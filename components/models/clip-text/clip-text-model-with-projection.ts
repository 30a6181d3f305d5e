/** CLIP's text model with a projection of the pooled output. Counterpart: transformers models/clip/modeling_clip.py (CLIPTextModelWithProjection). */
import type { FromPretrainedOptions, FromSingleFileOptions } from '../../../src/params/component-class'
import type { RawConfig } from '../../configs/parse-config'
import { Linear } from '../../nn/linear'
import * as tf from '../../tensors/tf'
import type { ModelFunction } from '../call-size'
import { loadPretrained } from '../load-pretrained'
import { loadSingleFile } from '../load-single-file'
import { type ModelCallOptions, PretrainedModel } from '../pretrained-model'
import type { ModelLayout } from '../save-pretrained'
import { checkTokenIds } from './check-token-ids'
import {
  bareKey,
  CLIP_CLASSES,
  type CLIPTextInputs,
  CLIPTextModel,
  type CLIPTextOutput,
  isPositionIds,
} from './clip-text-model'
import { type CLIPTextConfig, parseCLIPTextConfig } from './config'
import { textPart } from './text-part'

/** What a CLIP text model with projection returns. */
export interface CLIPTextProjectionOutput extends Omit<CLIPTextOutput, 'poolerOutput'> {
  /** The projected pooled output: `[batch, projectionDim]`. */
  textEmbeds: tf.Tensor2D
}

/** Embeds texts into the space that CLIP shares between texts and images. */
export class CLIPTextModelWithProjection extends PretrainedModel {
  static override readonly className: string = 'CLIPTextModelWithProjection'

  readonly textModel: CLIPTextModel
  readonly textProjection: Linear

  private constructor(
    /** The settings, complete and frozen. */
    override readonly config: CLIPTextConfig,
  ) {
    super()
    this.textModel = new CLIPTextModel(config)
    this.textProjection = new Linear(config.hiddenSize, config.projectionDim, { bias: false })
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): CLIPTextModelWithProjection {
    const parsed = parseCLIPTextConfig(config, { component: CLIPTextModelWithProjection.className, file })
    return new CLIPTextModelWithProjection(parsed)
  }

  /**
   * Loads a model from a folder in the transformers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<CLIPTextModelWithProjection> {
    const rename = (key: string) => {
      if (isPositionIds(key)) return null
      const bare = bareKey(key)
      return bare.startsWith('text_projection.') ? bare : `text_model.${bare}`
    }
    const files = { weightsName: 'model', rename, relatedClasses: CLIP_CLASSES } as const
    return loadPretrained(CLIPTextModelWithProjection, files, path, options)
  }

  /**
   * Loads a model from one file that holds it, alone or with others.
   *
   * @throws SingleFileError for a file of another kind, or one that does not hold the model; PickleCheckpointError, SafetensorsError, GGUFError, MissingFileError, UnwritableFileError, ConfigError
   */
  static fromSingleFile(path: string | URL, options?: FromSingleFileOptions): Promise<CLIPTextModelWithProjection> {
    return loadSingleFile(
      CLIPTextModelWithProjection,
      { component: textPart(options, 'text_encoder_2') },
      path,
      options,
    )
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    const shapes: ModelFunction['shapes'] = size => this.textModel.callShapes(size)
    return { '': { shapes, forward: (given: CLIPTextInputs) => ({ ...this.forward(given) }) } }
  }

  protected override get layout(): ModelLayout {
    return { weightsName: 'model', modelType: 'clip_text_model' }
  }

  /**
   * Embeds texts, computed by the model's executor.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; ModelHookError for hooks that do not fit; GraphExecutionError where the model runs as a graph; the reason of
   * `options.signal`
   */
  async call(inputs: CLIPTextInputs, options?: ModelCallOptions): Promise<CLIPTextProjectionOutput> {
    if (inputs.inputIds instanceof tf.Tensor)
      await checkTokenIds('CLIPTextModelWithProjection', inputs.inputIds, {
        vocabSize: this.config.vocabSize,
        hooks: options?.hooks,
      })
    return this.execute('forward', given => this.forward(given), inputs, options)
  }

  /**
   * Embeds texts, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward(inputs: CLIPTextInputs): CLIPTextProjectionOutput {
    return tf.tidy(() => {
      const { poolerOutput, lastHiddenState, hiddenStates } = this.textModel.forward(inputs)
      return { textEmbeds: this.textProjection.forward(poolerOutput), lastHiddenState, hiddenStates }
    })
  }
}

/** CLIP's text model. Counterpart: transformers models/clip/modeling_clip.py (CLIPTextModel). */
import type { FromPretrainedOptions, FromSingleFileOptions } from '../../../src/params/component-class'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { RawConfig } from '../../configs/parse-config'
import { LayerNorm } from '../../nn/layer-norm'
import * as tf from '../../tensors/tf'
import type { CallSize, ModelFunction } from '../call-size'
import { CLIPEncoder } from '../clip/clip-encoder'
import { InputShapes } from '../input-shapes'
import { loadPretrained } from '../load-pretrained'
import { loadSingleFile } from '../load-single-file'
import { ModelInputError } from '../model-input-error'
import { type ModelCallOptions, PretrainedModel } from '../pretrained-model'
import type { ModelLayout } from '../save-pretrained'
import { checkTokenIds } from './check-token-ids'
import { CLIPTextEmbeddings } from './clip-text-embeddings'
import { type CLIPTextConfig, parseCLIPTextConfig } from './config'
import { textPart } from './text-part'

/** What a CLIP text model is called with. */
export interface CLIPTextInputs {
  /** Ids of tokens: `[batch, token]`, int32. */
  inputIds: tf.Tensor2D
  /** 1 or true for the tokens to attend to: `[batch, token]`. Default: all. */
  attentionMask?: tf.Tensor2D | undefined
  /** Whether to return the states of all layers. */
  outputHiddenStates?: boolean
}

/** What a CLIP text model returns. */
export interface CLIPTextOutput {
  /** States of the last layer behind the final norm: `[batch, token, hiddenSize]`. */
  lastHiddenState: tf.Tensor3D
  /** The last hidden state of the end-of-text token: `[batch, hiddenSize]`. */
  poolerOutput: tf.Tensor2D
  /**
   * The embeddings, then the states after each layer, all without the final norm; empty unless asked for. For clip skip apply
   * {@link CLIPTextModel.finalLayerNorm} to `hiddenStates.at(-(clipSkip + 1))`.
   */
  hiddenStates: tf.Tensor3D[]
}

/** An eos_token_id that old configs hold by mistake; the text then ends at the highest id, which is the true token. */
const LEGACY_EOS_TOKEN_ID = 2

/** Added to scores that must not count. */
const MASKED = -1e9

/** Embeds texts. */
export class CLIPTextModel extends PretrainedModel {
  static override readonly className: string = 'CLIPTextModel'

  readonly embeddings: CLIPTextEmbeddings
  readonly encoder: CLIPEncoder
  readonly finalLayerNorm: LayerNorm

  /** A model without weights; {@link fromConfig} checks the config first. */
  constructor(
    /** The settings, complete and frozen. */
    override readonly config: CLIPTextConfig,
  ) {
    super()
    this.embeddings = new CLIPTextEmbeddings(config)
    this.encoder = new CLIPEncoder(config)
    this.finalLayerNorm = new LayerNorm(config.hiddenSize, config.layerNormEps)
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): CLIPTextModel {
    return new CLIPTextModel(parseCLIPTextConfig(config, { component: CLIPTextModel.className, file }))
  }

  /**
   * Loads a model from a folder in the transformers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<CLIPTextModel> {
    const rename = (key: string) => (isPositionIds(key) ? null : bareKey(key))
    return loadPretrained(CLIPTextModel, { weightsName: 'model', rename, relatedClasses: CLIP_CLASSES }, path, options)
  }

  /**
   * Loads a model from one file that holds it, alone or with others.
   *
   * @throws SingleFileError for a file of another kind, or one that does not hold the model; PickleCheckpointError, SafetensorsError, GGUFError, MissingFileError, UnwritableFileError, ConfigError
   */
  static fromSingleFile(path: string | URL, options?: FromSingleFileOptions): Promise<CLIPTextModel> {
    return loadSingleFile(CLIPTextModel, { component: textPart(options, 'text_encoder') }, path, options)
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    return {
      '': { shapes: size => this.callShapes(size), forward: (given: CLIPTextInputs) => ({ ...this.forward(given) }) },
    }
  }

  /** Returns what {@link call} takes for texts of that many tokens, by default the most. */
  callShapes({ batch, tokens = this.config.maxPositionEmbeddings }: CallSize): { inputIds: TensorPlaceholder } {
    return { inputIds: new TensorPlaceholder([batch, tokens], 'int32') }
  }

  protected override get layout(): ModelLayout {
    // With the prefix, which all versions of transformers read.
    return { weightsName: 'model', keyOf: name => `text_model.${name}`, modelType: 'clip_text_model' }
  }

  /**
   * Embeds texts, computed by the model's executor.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; ModelHookError for hooks that do not fit; GraphExecutionError where the model runs as a graph; the reason of
   * `options.signal`
   */
  async call(inputs: CLIPTextInputs, options?: ModelCallOptions): Promise<CLIPTextOutput> {
    if (inputs.inputIds instanceof tf.Tensor)
      await checkTokenIds('CLIPTextModel', inputs.inputIds, {
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
  forward(inputs: CLIPTextInputs): CLIPTextOutput {
    this.check(inputs)
    const { inputIds, attentionMask, outputHiddenStates = false } = inputs
    return tf.tidy(() => {
      const bias = attentionBias(inputIds.shape[1], attentionMask)
      const hiddenStates = this.encoder.forward(this.embeddings.forward(inputIds), bias)
      const lastHiddenState = this.finalLayerNorm.forward(hiddenStates.at(-1) as tf.Tensor3D) // Never empty: the embeddings.
      const poolerOutput = atToken(lastHiddenState, this.endOfText(inputIds))
      return { lastHiddenState, poolerOutput, hiddenStates: outputHiddenStates ? hiddenStates : [] }
    })
  }

  private check({ inputIds, attentionMask }: CLIPTextInputs): void {
    const shapes = new InputShapes('CLIPTextModel')
    shapes.checkGiven('inputIds', ['batch', 'token'], inputIds)
    shapes.check('attentionMask', ['batch', 'token'], attentionMask)
    const { maxPositionEmbeddings } = this.config
    if (inputIds.shape[1] > maxPositionEmbeddings) {
      const problem = `must have at most ${maxPositionEmbeddings} tokens (max_position_embeddings), but has ${inputIds.shape[1]}`
      throw new ModelInputError('CLIPTextModel', 'inputIds', problem)
    }
  }

  /** The position of the end-of-text token in each text: `[batch]`. */
  private endOfText(inputIds: tf.Tensor2D): tf.Tensor1D {
    const { eosTokenId } = this.config
    const score = eosTokenId === LEGACY_EOS_TOKEN_ID ? inputIds : inputIds.equal(eosTokenId)
    return score.toFloat().argMax(1)
  }
}

/** Classes whose checkpoints hold the weights of a text model. */
export const CLIP_CLASSES = ['CLIPModel', 'CLIPTextModel', 'CLIPTextModelWithProjection']

/** The key of a weight in the text model itself: files have it with or without the names of what it is a part of. */
export function bareKey(key: string): string {
  return key.replace(/^(?:clip\.)?(?:text_model\.)*/, '')
}

/** Old files hold the positions 0, 1, 2, … as a tensor. */
export function isPositionIds(key: string): boolean {
  return key.endsWith('embeddings.position_ids')
}

/** Hides later tokens and, if there is a mask, those that it leaves out: `[batch or 1, 1, token, token]`. */
function attentionBias(tokens: number, mask: tf.Tensor2D | undefined): tf.Tensor4D {
  const positions = tf.range(0, tokens)
  const isBefore = positions.reshape([tokens, 1]).greaterEqual(positions)
  const causal = isBefore.toFloat().reshape<tf.Tensor4D>([1, 1, tokens, tokens])
  const visible = mask ? causal.mul<tf.Tensor4D>(mask.toFloat().reshape([-1, 1, 1, tokens])) : causal
  return tf.sub(1, visible).mul(MASKED)
}

/** The vector of one token of each text: `[batch, channels]`. */
function atToken(states: tf.Tensor3D, positions: tf.Tensor1D): tf.Tensor2D {
  const [batch, tokens, channels] = states.shape
  const rows = tf.range(0, batch, 1, 'int32').mul(tokens).add<tf.Tensor1D>(positions)
  return tf.gather(states.reshape<tf.Tensor2D>([batch * tokens, channels]), rows.toInt())
}

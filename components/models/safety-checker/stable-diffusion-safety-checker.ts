/** Blackens pictures that show what they should not. Counterpart: pipelines/stable_diffusion/safety_checker.py. */
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { warn } from '../../../src/runtime/warn'
import type { RawConfig } from '../../configs/parse-config'
import type { ModelRunOptions } from '../../executors/executor'
import { Image } from '../../images/image'
import { Linear } from '../../nn/linear'
import { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { ModelFunction } from '../call-size'
import { bareVisionKey, CLIPVisionModel, isVisionPositionIds } from '../clip-vision/clip-vision-model'
import { loadPretrained } from '../load-pretrained'
import { ModelInputError } from '../model-input-error'
import { PretrainedModel } from '../pretrained-model'
import type { ModelLayout } from '../save-pretrained'
import { type ConceptScores, scoreConcepts } from './concept-scores'
import { parseSafetyCheckerConfig, type SafetyCheckerConfig } from './config'

/** What a safety checker is called with. */
export interface SafetyCheckerInputs<T extends readonly Image[] | tf.Tensor4D = readonly Image[] | tf.Tensor4D> {
  /** The pictures as a CLIPImageProcessor makes them: `[batch, imageSize, imageSize, 3]`. */
  clipInput: tf.Tensor4D
  /** The same pictures: images, or numbers where 0 is black, `[batch, height, width, channels]`. They stay as they are. */
  images: T
}

/** What a safety checker finds. */
export interface SafetyCheckerOutput<T = readonly Image[] | tf.Tensor4D> {
  /** The pictures, black where something was found. A tensor is a new one. */
  images: T
  /** Whether something was found in each picture. */
  hasNsfwConcepts: boolean[]
  /** How close each picture is to the concepts. */
  scores: ConceptScores[]
}

/** How many concepts there are, and how many of them that lower the thresholds of the others. */
const CONCEPTS = 17
const SPECIAL_CONCEPTS = 3

/** Names of weights that are not those of the vision model. */
const OWN_WEIGHTS = /^(?:visual_projection|concept_embeds|special_care_embeds)/

/** Compares pictures with concepts in the space of CLIP. */
export class StableDiffusionSafetyChecker extends PretrainedModel {
  static override readonly className: string = 'StableDiffusionSafetyChecker'

  readonly visionModel: CLIPVisionModel
  readonly visualProjection: Linear
  readonly conceptEmbeds: Parameter<tf.Tensor2D>
  readonly specialCareEmbeds: Parameter<tf.Tensor2D>
  readonly conceptEmbedsWeights: Parameter<tf.Tensor1D>
  readonly specialCareEmbedsWeights: Parameter<tf.Tensor1D>

  private constructor(
    /** The settings, complete and frozen. */
    override readonly config: SafetyCheckerConfig,
  ) {
    super()
    const { projectionDim, visionConfig } = config
    this.visionModel = new CLIPVisionModel(visionConfig)
    this.visualProjection = new Linear(visionConfig.hiddenSize, projectionDim, { bias: false })
    this.conceptEmbeds = new Parameter([CONCEPTS, projectionDim])
    this.specialCareEmbeds = new Parameter([SPECIAL_CONCEPTS, projectionDim])
    this.conceptEmbedsWeights = new Parameter([CONCEPTS])
    this.specialCareEmbedsWeights = new Parameter([SPECIAL_CONCEPTS])
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): StableDiffusionSafetyChecker {
    const source = { component: StableDiffusionSafetyChecker.className, file }
    return new StableDiffusionSafetyChecker(parseSafetyCheckerConfig(config, source))
  }

  /**
   * Loads a model from a folder in the transformers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<StableDiffusionSafetyChecker> {
    const rename = (key: string) => {
      if (isVisionPositionIds(key)) return null
      return OWN_WEIGHTS.test(key) ? key : `vision_model.${bareVisionKey(key)}`
    }
    return loadPretrained(StableDiffusionSafetyChecker, { weightsName: 'model', rename }, path, options)
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    const shapes: ModelFunction['shapes'] = size => ({ clipInput: this.visionModel.callShapes(size).pixelValues })
    return { '': { shapes, forward: (given: { clipInput: tf.Tensor4D }) => this.forward(given.clipInput) } }
  }

  protected override get layout(): ModelLayout {
    // As published files have it, which all versions of the reference read.
    const keyOf = (name: string) => (OWN_WEIGHTS.test(name) ? name : `vision_model.${name}`)
    return { weightsName: 'model', keyOf, modelType: 'clip' }
  }

  /**
   * Compares pictures with the concepts, computed by the model's executor, and blackens those that are close to one. A warning says so.
   *
   * @throws ModelInputError if there are not as many pictures as inputs; ShapeMismatchError, WeightsNotLoadedError; GraphExecutionError where the
   * model runs as a graph; the reason of `options.signal`
   */
  async call<T extends readonly Image[] | tf.Tensor4D>(
    { clipInput, images }: SafetyCheckerInputs<T>,
    options?: ModelRunOptions,
  ): Promise<SafetyCheckerOutput<T extends tf.Tensor4D ? tf.Tensor4D : Image[]>> {
    const count = images instanceof tf.Tensor ? images.shape[0] : images.length
    if (clipInput instanceof tf.Tensor && clipInput.shape[0] !== count) {
      const problem = `must be as many as clipInput has, ${clipInput.shape[0]}, but are ${count}`
      throw new ModelInputError('StableDiffusionSafetyChecker', 'images', problem)
    }
    const scores = await this.score(clipInput, options)
    const hasNsfwConcepts = scores.map(({ isFlagged }) => isFlagged)
    if (hasNsfwConcepts.includes(true)) {
      const found = hasNsfwConcepts.filter(Boolean).length
      const which = count === 1 ? 'The picture' : `${found} of ${count} pictures`
      warn(
        'UNSAFE_PICTURE',
        `${which} may show sexual content, so black is shown instead. Change the prompt or the seed and try again.`,
      )
    }
    const checked =
      images instanceof tf.Tensor ? blackenTensor(images, hasNsfwConcepts) : blackenImages(images, hasNsfwConcepts)
    return { images: checked as T extends tf.Tensor4D ? tf.Tensor4D : Image[], hasNsfwConcepts, scores }
  }

  /**
   * Cosines between images and concepts, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward(clipInput: tf.Tensor4D): { special: tf.Tensor2D; concepts: tf.Tensor2D } {
    return tf.tidy(() => {
      const { poolerOutput } = this.visionModel.forward({ pixelValues: clipInput })
      const embeds = normalized(this.visualProjection.forward(poolerOutput))
      const cosines = (concepts: tf.Tensor2D) => tf.matMul<tf.Tensor2D>(embeds, normalized(concepts), false, true)
      return { special: cosines(this.specialCareEmbeds.tensor), concepts: cosines(this.conceptEmbeds.tensor) }
    })
  }

  private async score(clipInput: tf.Tensor4D, options: ModelRunOptions | undefined): Promise<ConceptScores[]> {
    const forward = (given: { clipInput: tf.Tensor4D }) => ({ ...this.forward(given.clipInput), ...this.thresholds() })
    const found = await this.execute('forward', forward, { clipInput }, options)
    try {
      const [special, concepts, specialThresholds, thresholds] = await Promise.all(
        [found.special, found.concepts, found.specialThresholds, found.thresholds].map(tensor =>
          tensor.data<'float32'>(),
        ),
      )
      const row = (values: Float32Array | undefined, i: number, width: number) =>
        values?.subarray(i * width, (i + 1) * width) ?? []
      return Array.from({ length: clipInput.shape[0] }, (_, i) =>
        scoreConcepts(
          { cosines: row(special, i, SPECIAL_CONCEPTS), thresholds: specialThresholds ?? [] },
          { cosines: row(concepts, i, CONCEPTS), thresholds: thresholds ?? [] },
        ),
      )
    } finally {
      tf.dispose({ ...found })
    }
  }

  /** The thresholds as results of a call: the weights may be in their file. */
  private thresholds(): { specialThresholds: tf.Tensor1D; thresholds: tf.Tensor1D } {
    return tf.tidy(() => ({
      specialThresholds: this.specialCareEmbedsWeights.tensor.add<tf.Tensor1D>(0),
      thresholds: this.conceptEmbedsWeights.tensor.add<tf.Tensor1D>(0),
    }))
  }
}

/** Rows of length 1. Counterpart: torch.nn.functional.normalize. */
function normalized(x: tf.Tensor2D): tf.Tensor2D {
  return x.div(x.square().sum(1, true).sqrt().maximum(1e-12))
}

function blackenImages(images: readonly Image[], isFlagged: readonly boolean[]): Image[] {
  return images.map((image, i) => {
    if (!isFlagged[i]) return image
    const { width, height, channels } = image
    return new Image({ width, height, channels, data: new Uint8Array(image.data.length) })
  })
}

function blackenTensor(images: tf.Tensor4D, isFlagged: readonly boolean[]): tf.Tensor4D {
  return tf.tidy(() => {
    const shown = tf.tensor4d(
      isFlagged.map(flagged => (flagged ? 0 : 1)),
      [isFlagged.length, 1, 1, 1],
    )
    // Not a product: NaN times zero would stay.
    return tf.where(shown.cast('bool'), images, tf.zerosLike(images))
  })
}

/** Makes pictures black that a safety checker flags. Counterpart: run_safety_checker of StableDiffusionPipeline in diffusers. */
import {
  type CLIPImageProcessor,
  type StableDiffusionSafetyChecker,
  tf,
  type VaeImageProcessor,
} from '../../components'
import { emitWarningOnce, IncompatibleComponentsError, type RunContext } from '../../src'

/** What pixels are where a picture is black. */
const BLACK = -1

/** What pictures are checked with. */
export interface SafetyComponents {
  readonly safetyChecker: StableDiffusionSafetyChecker | undefined
  readonly featureExtractor: CLIPImageProcessor | undefined
  readonly imageProcessor: VaeImageProcessor
  /** Whether the model is meant to be used with a safety checker. */
  readonly requiresSafetyChecker: boolean
}

/** Pixels, and what was found in them. */
export interface CheckedPixels {
  readonly pixels: tf.Tensor4D
  /** Whether each picture was flagged; `undefined` without a safety checker. */
  readonly nsfwContentDetected: boolean[] | undefined
}

/**
 * Compares pictures with the concepts of the safety checker, and makes those black that are close to one; a warning says so.
 *
 * @param pixels `[images, height, width, 3]`, from -1 to 1
 * @throws IncompatibleComponentsError for a safety checker without a feature extractor
 */
export async function checkSafety(
  { safetyChecker, featureExtractor, imageProcessor, requiresSafetyChecker }: SafetyComponents,
  pixels: tf.Tensor4D,
  { signal, path }: RunContext,
): Promise<CheckedPixels> {
  if (safetyChecker === undefined) {
    if (requiresSafetyChecker) warnOfNoChecker()
    return { pixels, nsfwContentDetected: undefined }
  }
  if (featureExtractor === undefined) {
    const advice =
      'Add a feature extractor with pipe.updateComponents({ featureExtractor: new CLIPImageProcessor() }), or leave out the checker with ' +
      'pipe.updateComponents({ safetyChecker: null }).'
    const problem = `the safety checker has no feature extractor to prepare its pictures. ${advice}`
    throw new IncompatibleComponentsError(path, ['safetyChecker', 'featureExtractor'], problem)
  }
  const images = await imageProcessor.postprocess(pixels, { outputType: 'image', signal })
  const clipInput = await featureExtractor.preprocess(images, { signal })
  const { hasNsfwConcepts } = await safetyChecker.call({ clipInput, images }, { signal })
  const checked = hasNsfwConcepts.includes(true) ? blacken(pixels, hasNsfwConcepts) : pixels
  return { pixels: checked, nsfwContentDetected: hasNsfwConcepts }
}

/** Once in a process: as in the reference, a model may be used without its checker. */
function warnOfNoChecker(): void {
  emitWarningOnce(
    'NO_SAFETY_CHECKER',
    'The index of this model requires a safety checker, and the pipeline has none: pictures are not checked. Set "requires_safety_checker": false in the index ' +
      'to avoid this warning.',
  )
}

function blacken(pixels: tf.Tensor4D, isFlagged: readonly boolean[]): tf.Tensor4D {
  return tf.tidy(() => {
    const flags = tf.tensor4d(isFlagged.map(Number), [isFlagged.length, 1, 1, 1], 'bool')
    // Not a product: NaN times zero would stay.
    return tf.where(flags, tf.fill<tf.Rank.R4>(pixels.shape, BLACK), pixels) as tf.Tensor4D
  })
}

/** What a model was trained to predict, as far as its file tells. Counterpart: diffusers single_file_utils.py (_legacy_load_scheduler). */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { readBytesSync } from '../checkpoints/read-tensor-sync'
import type { CheckpointKind } from './file-kind'
import type { SingleFile } from './read-single-file'

/** What a UNet predicts. */
export type TrainedPrediction = 'epsilon' | 'v_prediction' | 'sample'

/** What a scheduler has to know of the training. */
export interface TrainingFacts {
  readonly predictionType: TrainedPrediction
  /** Whether the last step of the training was noise alone. */
  readonly isZeroTerminalSNR: boolean
}

/** The step at which the training of Stable Diffusion 2 base, which predicts noise, ended. */
const BASE_STEP = 875_000

/**
 * Returns what a model predicts: what the caller says, otherwise what the file says. Keys and shapes do not tell the
 * two kinds of Stable Diffusion 2 apart. Without other evidence, it is taken for the one that predicts the velocity, as
 * in the reference, and a warning says so once.
 */
export function trainingFacts(
  single: SingleFile,
  { family, isInpainting }: CheckpointKind,
  given: TrainedPrediction | undefined,
): TrainingFacts {
  const isZeroTerminalSNR = single.tensors.has('ztsnr')
  const stated = given ?? statedPrediction(single)
  if (stated !== undefined) return { predictionType: stated, isZeroTerminalSNR }
  if (family !== 'stable-diffusion-2' || isInpainting) return { predictionType: 'epsilon', isZeroTerminalSNR }
  const step = globalStep(single)
  if (step !== undefined) {
    return { predictionType: step === BASE_STEP ? 'epsilon' : 'v_prediction', isZeroTerminalSNR }
  }
  emitWarningOnce(
    'GUESSED_SETTING',
    `${single.file}: Stable Diffusion 2 files do not state whether the model predicts noise or velocity. predictionType "v_prediction" was assumed. ` +
      `If pictures are grey or full of noise, pass { predictionType: 'epsilon' } to fromSingleFile().`,
  )
  return { predictionType: 'v_prediction', isZeroTerminalSNR }
}

/** What the writer of the file states: a key that programs agree on, or metadata. */
function statedPrediction({ tensors, metadata }: SingleFile): TrainedPrediction | undefined {
  if (tensors.has('v_pred')) return 'v_prediction'
  switch (metadata.get('modelspec.prediction_type')) {
    case 'v':
    case 'v_prediction':
      return 'v_prediction'
    case 'epsilon':
      return 'epsilon'
    default:
      return undefined
  }
}

/** The number of training steps that the file states. */
function globalStep({ tensors }: SingleFile): number | undefined {
  const info = tensors.get('global_step')
  if (info === undefined || info.shape.some(size => size !== 1)) return undefined
  const bytes = new DataView(readBytesSync(info))
  switch (info.dtype) {
    case 'I64':
      return Number(bytes.getBigInt64(0, true))
    case 'I32':
      return bytes.getInt32(0, true)
    case 'F32':
      return bytes.getFloat32(0, true)
    default:
      return undefined
  }
}

/** For what size a model is called, and what it is called with: known before there are any tensors. */
import type { TensorPlaceholder } from '../backends/recorder/tensor-tree'

/** Height and width of pictures in pixels, or of latents. */
export interface MapSize {
  /** Height in rows. */
  readonly height: number
  /** Width in columns. */
  readonly width: number
}

/** For what a model is called. Each model reads what it takes. */
export interface CallSize {
  /** Samples at once. */
  readonly batch: number
  /** Tokens of each text. Default: what the model was trained with. */
  readonly tokens?: number | undefined
  /** Size of the pictures. Default: that of the model. */
  readonly pictures?: MapSize | undefined
  /** Size of the latents. Default: that of the model. */
  readonly latents?: MapSize | undefined
  /** How wide further inputs are, by their names: `{ timeIds: 6 }`, `{ textEmbeds: 1280 }`. Default: what the model is most often called with. */
  readonly widths?: Readonly<Record<string, number>> | undefined
}

/** Placeholders for the tensors that a model is called with, inside objects to any depth. */
export interface CallShapes {
  readonly [input: string]: TensorPlaceholder | CallShapes | undefined
}

/** A function of a model that can be written to a file of its own. */
export interface ModelFunction {
  /** What it is called with. @throws ModelInputError for a size that the model cannot take */
  shapes(size: CallSize): CallShapes
  /** Computes it in plain operations of TensorFlow.js, and names its results. */
  forward(inputs: never): Readonly<Record<string, unknown>>
}

/** The size that a config names as `sampleSize`, for both sides or for each; 64, the default of diffusers' Stable Diffusion, where it names none. */
export function ownSize(sampleSize: number | readonly number[] | null | undefined): MapSize {
  if (typeof sampleSize === 'number') return { height: sampleSize, width: sampleSize }
  const [height = 64, width = height] = sampleSize ?? []
  return { height, width }
}

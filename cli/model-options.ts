/** Options of the commands that load a model. */
import type { QuantizationChoice } from '../components/quantization/quantization-names'
import type { FromSingleFileOptions } from '../src'
import type { EmbeddingOption } from './embedding-arguments'
import type { LoraOption } from './loras'

/** The options that say which model, and what replaces its components. */
export interface ModelOptions {
  model: string
  /** Folder or repository whose configs a single file takes. */
  config?: string
  /** What the model of a single file predicts. */
  predictionType?: FromSingleFileOptions['predictionType']
  revision?: string
  trustRemoteCode?: boolean
  offline?: boolean
  guider?: string
  scheduler?: string
  /** `false` to leave pictures unchecked. */
  safetyChecker?: boolean
  /** LoRAs on top of the models. */
  lora?: readonly LoraOption[]
  /** Words that the text encoders learn. */
  embedding?: readonly EmbeddingOption[]
  /** File of a UNet that replaces that of the model. */
  unet?: string
  /** How the weights of the denoiser are quantized. */
  quantization?: QuantizationChoice
  /** Bytes of weights that all models together may have in memory. */
  memoryLimit?: number
}

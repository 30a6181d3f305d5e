/** What a class must offer so that the container can make a component of it. */
import type { RepositoryOptions } from '../hub/repository-resolver'

/** Element types that the weights of a model can be cast to. */
export const COMPONENT_DTYPES = ['float32', 'float16', 'bfloat16'] as const

/** Element type of weights. */
export type ComponentDType = (typeof COMPONENT_DTYPES)[number]

/** Where and how a component is loaded. */
export interface FromPretrainedOptions extends Omit<RepositoryOptions, 'signal'> {
  /** Folder of the component inside the model's folder, e.g. `unet`. Default: the folder itself. */
  subfolder?: string
  /** Variant of the weight files: `fp16` looks for `diffusion_pytorch_model.fp16.safetensors`. */
  variant?: string
  /** The class that the model's index names for this component; a component of another class is refused. */
  className?: string
  /** What computes a model: a name that its class knows (`auto`, `eager`, `graph`), or the thing itself. */
  executor?: string | object
  /**
   * What the weights of a model are cast to: one of the {@link ComponentClass.dtypes} of its class. Default: they stay as their files hold them. To half
   * precision they are rounded; what computes may hold them, and compute, as float32.
   */
  dtype?: ComponentDType
  /**
   * How the weights of a model are quantized for computing: one of the {@link ComponentClass.quantizations} of its class, e.g. `int8`, `int4` or `auto`. Default: they are not.
   */
  quantization?: string
  /** Bytes that the weights of a model may take. The quantization `auto` chooses by it. Default: what memory is free. */
  memoryLimit?: number
  /** Whether a model leaves its weights in their files until it is called. Default: where the executor reads them itself. */
  lazy?: boolean
  /** Stops the loading between files and tensors. */
  signal?: AbortSignal
}

/** How a component is loaded from one file of weights. */
export interface FromSingleFileOptions extends FromPretrainedOptions {
  /**
   * Folder or repository in the diffusers layout whose configs and tokenizers are taken in place of those of the family, e.g. for a model of other sizes. A model also
   * takes single settings, which replace those of the family: `{ scalingFactor: 0.13025 }`.
   */
  config?: string | URL | Readonly<Record<string, unknown>>
  /** What the model was trained to predict, where the file does not say. */
  predictionType?: 'epsilon' | 'v_prediction' | 'sample'
  /** Takes the averaged weights (EMA) of the UNet that the file holds beside the others. Default: false. */
  extractEma?: boolean
}

/**
 * A class that can stand behind a component. `fromConfig` makes it from settings alone, at once; `fromPretrained` reads it
 * from a folder in the diffusers layout, or from a repository, which `resolveRepository` fetches. Abstract classes are allowed: their `fromPretrained` picks the class.
 */
export interface ComponentClass<T = unknown> {
  /** Name of the class. */
  readonly name: string
  /** What instances inherit. */
  readonly prototype: T
  /** What the weights of its models can be cast to. A class without it is not a model's, and never gets a dtype. */
  readonly dtypes?: readonly ComponentDType[]
  /** How the weights of its models can be quantized. A class without it never gets a quantization. */
  readonly quantizations?: readonly string[]
  /** Makes a component from settings. */
  fromConfig?(config: Readonly<Record<string, unknown>>): T
  /** Loads a component from a folder. */
  fromPretrained?(path: string, options?: FromPretrainedOptions): Promise<T>
  /** Reads it from one file of weights, where the class knows how. */
  fromSingleFile?(path: string, options?: FromSingleFileOptions): Promise<T>
}

/** How a component is saved. */
export interface SavePretrainedOptions {
  /** Weights are saved as safetensors, always: `false`, which asks for pickles, is refused. */
  safeSerialization?: boolean | undefined
  /** Variant of the weight files: `fp16` writes `diffusion_pytorch_model.fp16.safetensors`. It names the files and converts nothing: `to('float16')` does. */
  variant?: string | undefined
  /** The most bytes of one file of weights, as a number or as `5GB`, `500MB`, `2GiB`; more make several files with an index. */
  maxShardSize?: number | string | undefined
  /**
   * How the weights of a model are saved: `int8` writes those in 8 bits that the model computes with so when it is loaded with that quantization. Such a folder needs no
   * option to be loaded. Default: as they are.
   */
  quantization?: string | undefined
  /** Stops the saving; what was there before is then still there. */
  signal?: AbortSignal | undefined
}

/** A component that can be written to a folder, from which the `fromPretrained` of its class reads it again. */
export interface SavableComponent {
  /** Writes the component into a folder, which is made if it is not there. As a whole or not at all. */
  savePretrained(folder: string, options?: SavePretrainedOptions): Promise<void>
  /**
   * Whether a file of an earlier save would be read in the place of what is saved now, or together with it: such a file goes. Default: none; all
   * files that are not written again stay.
   */
  replacesFile?(file: string, options: SavePretrainedOptions): boolean
  /** Whether a variant names its files: the index then says which was saved. Default: `false`. */
  readonly savesVariants?: boolean
  /** How it can be quantized when it is saved. Default: it cannot. */
  readonly savedQuantizations?: readonly string[]
  /** What was saved is in its place now, where it may have replaced files that the component itself was loaded from. */
  savedTo?(folder: string, options: SavePretrainedOptions): Promise<void>
}

/** Whether a component can be saved. */
export function isSavable(component: unknown): component is SavableComponent {
  return (
    typeof component === 'object' &&
    component !== null &&
    typeof (component as Partial<SavableComponent>).savePretrained === 'function'
  )
}

/** What a class must offer so that the container can make a component of it. */
import type { RepositoryOptions } from '../hub/repository-resolver'

/** Numbers that a model can compute with. */
export type ComponentDType = 'float32' | 'float16' | 'bfloat16'

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
  /** The numbers that a model computes with: one of the {@link ComponentClass.dtypes} of its class. */
  dtype?: ComponentDType
  /** Stops the loading between files and tensors. */
  signal?: AbortSignal
}

/**
 * A class that can stand behind a component. `fromConfig` makes it from settings alone, at once; `fromPretrained` reads it
 * from a folder in the diffusers layout, or from a repository, which `resolveRepository` fetches. Abstract classes are allowed: their `fromPretrained` picks the class.
 */
export interface ComponentClass<T = unknown> {
  readonly name: string
  readonly prototype: T
  /** The numbers that its models can compute with. A class that has none is of no models, and is never told of a dtype. */
  readonly dtypes?: readonly ComponentDType[]
  fromConfig?(config: Readonly<Record<string, unknown>>): T
  fromPretrained?(path: string, options?: FromPretrainedOptions): Promise<T>
  /** Reads it from one file of weights, where the class knows how. */
  fromSingleFile?(path: string, options?: FromPretrainedOptions): Promise<T>
}

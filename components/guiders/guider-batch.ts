/** The forward passes that a guider asks for: what goes into each, and what came out. */
import * as tf from '../tensors/tf'

/**
 * The predictions that guiders combine: with the prompt, without it, and with the prompt by a model that was changed for the pass: layers skipped
 * or their attention perturbed, their attention blurred, their blocks perturbed in time and space, pictures and sound apart.
 */
export type PredictionName =
  | 'predCond'
  | 'predUncond'
  | 'predCondSkip'
  | 'predCondSeg'
  | 'predCondStg'
  | 'predCondModality'

/** What the passes are fed with: a tensor that all share, or a list with one for each condition. What is `undefined` is left out. */
export type GuiderInputs = Readonly<Record<string, tf.Tensor | undefined | readonly (tf.Tensor | undefined)[]>>

/** What one pass is fed with: of each list the element of its condition. */
export type BatchInputs<D extends GuiderInputs> = {
  readonly [K in keyof D]: D[K] extends readonly [infer First, ...unknown[]] ? First : D[K]
}

/** One forward pass. */
export interface GuiderBatch<D extends GuiderInputs = GuiderInputs> {
  /** What the pass yields. */
  readonly prediction: PredictionName
  readonly inputs: BatchInputs<D>
  /** What the model has predicted: put it here before the guider is called. */
  noisePred?: tf.Tensor
}

/** A pass and the place of its condition in the lists of {@link GuiderInputs}: 0 for the prompt, 1 for the negative prompt. */
export type GuiderPass = readonly [prediction: PredictionName, condition: number]

/** The batch of a pass; `missing` is called with the name of an input that has a value for the first condition and none for this one. */
export function prepareBatch<D extends GuiderInputs>(
  data: D,
  [prediction, condition]: GuiderPass,
  missing: (input: string) => Error,
): GuiderBatch<D> {
  const inputs: Record<string, tf.Tensor> = {}
  for (const [name, value] of Object.entries(data)) {
    const own = value instanceof tf.Tensor ? value : value?.[condition]
    if (own !== undefined) inputs[name] = own
    else if (Array.isArray(value) && value[0] !== undefined) throw missing(name)
  }
  return { prediction, inputs: inputs as unknown as BatchInputs<D> } // Built from the same keys.
}

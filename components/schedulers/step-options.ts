/** What a scheduler's step takes and returns. */
import type * as tf from '../tensors/tf'
import type { NoiseSource } from './steps/step-noise'

/** What a step takes besides tensors. Schedulers ignore what they do not use. */
export interface StepOptions extends NoiseSource {
  /** DDIM: how much fresh noise each step adds, from 0 (none, the default) to 1 (as much as DDPM). TCD, as gamma: the same, default 0.3. */
  eta?: number | undefined
  /** DDIM: derive the noise again from the clipped clean sample. Default: false. */
  useClippedModelOutput?: boolean | undefined
  /** Euler: how much fresh noise the run adds in all. Default: 0. */
  sChurn?: number | undefined
  /** Euler: the smallest sigma at which noise is added. Default: 0. */
  sTmin?: number | undefined
  /** Euler: the largest sigma at which noise is added. Default: infinity. */
  sTmax?: number | undefined
  /** Euler: scale of the added noise. Default: 1. */
  sNoise?: number | undefined
  /** LMS: how many of the last predictions a step follows, from 1 on. Default: 4. */
  order?: number | undefined
}

/** What a step returns. The tensors are the caller's. */
export type StepResult<T extends tf.Tensor = tf.Tensor> = {
  /** The sample of the next timestep. */
  readonly prevSample: T
  /** What the scheduler now takes for the clean sample, if it says so. */
  readonly predOriginalSample?: T
}

/**
 * Noise of steps between noise levels that fits together, however the way is divided into steps. Counterpart: BrownianTreeNoiseSampler of
 * schedulers/scheduling_dpmsolver_sde.py
 */
import { inPieces, runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import * as tf from '../tensors/tf'
import { BrownianTree } from './brownian-tree'
import { channelsLastLoop } from './channels-last'
import { InvalidDrawError } from './invalid-draw-error'

/** What noise is made of. */
export interface BrownianNoiseOptions {
  /** `[batch, …]`; images are drawn in the reference's order `[batch, channel, height, width]`. */
  readonly shape: readonly number[]
  /** The ends of the motion. */
  readonly sigmaMin: number
  /** The largest noise level that is asked for. */
  readonly sigmaMax: number
  /** One for the whole batch, or a list with one for each batch element: whole numbers of at least 0. */
  readonly seed: number | bigint | readonly (number | bigint)[]
}

/** How far a Brownian motion moves between two noise levels, which stand for times, as noise of variance 1. */
export class BrownianNoise {
  private readonly trees: readonly BrownianTree[]
  /** Noise that was computed before it is asked for. */
  private early: { readonly sigma: number; readonly sigmaNext: number; readonly values: Float32Array } | undefined

  /**
   * @param options - What it was made from.
   * @throws InvalidDrawError if a list of seeds is longer or shorter than the batch
   */
  constructor(readonly options: BrownianNoiseOptions) {
    const { shape, sigmaMin, sigmaMax, seed } = options
    const seeds = [seed].flat()
    const [batch] = shape
    if (Array.isArray(seed) && seeds.length !== batch) {
      throw new InvalidDrawError(
        `Noise of the shape [${shape}] needs one seed for all, or one for each batch element, but the list holds ${seeds.length}.`,
      )
    }
    const size = shape.reduce((product, length) => product * length, 1) / seeds.length
    this.trees = seeds.map(each => new BrownianTree({ start: sigmaMin, end: sigmaMax, size, seed: each }))
  }

  /** The noise of a step, of the shape of the options. The levels are rounded to float32. The caller owns the tensor. */
  between(sigma: number, sigmaNext: number): tf.Tensor {
    const { early } = this
    this.early = undefined
    const isMeant = early !== undefined && early.sigma === sigma && early.sigmaNext === sigmaNext
    const values = isMeant ? early.values : runAtOnce(this.valuesBetween(sigma, sigmaNext))
    return tf.tensor(values, [...this.options.shape])
  }

  /** Computes the noise of a step in slices, so that {@link between} returns at once. @throws the reason of `signal` */
  async prefetch(sigma: number, sigmaNext: number, signal?: AbortSignal): Promise<void> {
    const values = await runInSlices(this.valuesBetween(sigma, sigmaNext), signal)
    this.early = { sigma, sigmaNext, values }
  }

  private *valuesBetween(sigma: number, sigmaNext: number): Generator<void, Float32Array, void> {
    const { shape } = this.options
    const [from, to] = [Math.fround(sigma), Math.fround(sigmaNext)]
    // Below zero on the way down, as the motion goes up. Where there is no way, there is no motion.
    const scale = Math.sign(to - from) * Math.fround(Math.sqrt(Math.fround(Math.abs(to - from)))) || 1
    const values = new Float32Array(shape.reduce((product, length) => product * length, 1))
    for (const [i, tree] of this.trees.entries()) {
      const move = yield* tree.incrementLoop(Math.min(from, to), Math.max(from, to))
      yield* inPieces(move.length, (begin, end) => {
        for (let k = begin; k < end; k++) values[i * move.length + k] = (move[k] as number) / scale
      })
    }
    return yield* channelsLastLoop(values, shape)
  }
}

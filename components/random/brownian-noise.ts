/**
 * Noise of steps between noise levels that fits together, however the way is divided into steps. Counterpart: BrownianTreeNoiseSampler of
 * schedulers/scheduling_dpmsolver_sde.py
 */
import * as tf from '../tensors/tf'
import { BrownianTree } from './brownian-tree'
import { toChannelsLast } from './channels-last'
import { InvalidDrawError } from './invalid-draw-error'

/** What noise is made of. */
export interface BrownianNoiseOptions {
  /** `[batch, …]`; images are drawn in the reference's order `[batch, channel, height, width]`. */
  readonly shape: readonly number[]
  /** The ends of the motion. */
  readonly sigmaMin: number
  readonly sigmaMax: number
  /** One for the whole batch, or a list with one for each batch element: whole numbers of at least 0. */
  readonly seed: number | bigint | readonly (number | bigint)[]
}

/** How far a Brownian motion moves between two noise levels, which stand for times, as noise of variance 1. */
export class BrownianNoise {
  private readonly trees: readonly BrownianTree[]

  /** @throws InvalidDrawError if a list of seeds is longer or shorter than the batch */
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
    const { shape } = this.options
    const [from, to] = [Math.fround(sigma), Math.fround(sigmaNext)]
    // Below zero on the way down, as the motion goes up. Where there is no way, there is no motion.
    const scale = Math.sign(to - from) * Math.fround(Math.sqrt(Math.fround(Math.abs(to - from)))) || 1
    const moves = this.trees.map(tree => tree.increment(Math.min(from, to), Math.max(from, to)))
    const values = new Float32Array(moves.reduce((sum, move) => sum + move.length, 0))
    for (const [i, move] of moves.entries()) values.set(move, i * move.length)
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) / scale
    return tf.tensor(toChannelsLast(values, shape), [...shape])
  }
}

/** Repeats what belongs to the given pictures until there is one for each picture of the result. Counterpart: prepare_latents of diffusers' pipelines. */
import { tf } from '../../components'
import { InputTypeError } from '../../src'

/** What is repeated, for the error. */
export interface RepeatOptions {
  readonly path: readonly string[]
  /** The input that the caller passed. */
  readonly input: string
  /** How many pictures the run makes. */
  readonly batchSize: number
}

/**
 * Returns a new tensor of `batchSize` rows. As in the reference, the rows are repeated in turn: with two pictures and four results, a, b, a, b.
 *
 * @throws InputTypeError if the rows cannot be shared out evenly
 */
export function repeatPictures(rows: tf.Tensor4D, options: RepeatOptions): tf.Tensor4D {
  const [count] = rows.shape
  requireShares(rows, count, options)
  return count === options.batchSize ? rows.clone() : tf.tile(rows, [options.batchSize / count, 1, 1, 1])
}

/**
 * Makes sure that so many pictures can be shared out evenly among those of the result.
 *
 * @param value - the input, for the error
 * @throws InputTypeError
 */
export function requireShares(value: unknown, count: number, { path, input, batchSize }: RepeatOptions): void {
  if (batchSize % count === 0) return
  const expected =
    `there are ${count}, which cannot be divided evenly among the ${batchSize} picture(s) that the run makes. ` +
    'Pass one for all, or one for each prompt'
  throw new InputTypeError({ path, input, expected, value })
}

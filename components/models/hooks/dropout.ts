/** Sets elements to zero at random. Counterpart: torch.nn.functional.dropout */
import { Generator } from '../../random/generator'
import * as tf from '../../tensors/tf'

/** Seeds the numbers that every call shifts. */
const PATTERN_SEED = 0

/**
 * Drops a share of the elements, and scales what is left so that the sum is expected to stay.
 *
 * PyTorch draws fresh numbers in each call, from a generator that no seed of a pipeline reaches. Here each element has
 * a fixed number between 0 and 1, and a call moves all of them by its own draw, modulo 1. Each element is as likely to
 * be dropped, the seed decides, and one graph serves every draw.
 *
 * @param share from 0 to 1
 * @param draw `[1]`, from 0 to 1
 */
export function dropout<T extends tf.Tensor>(x: T, share: number, draw: tf.Tensor1D): T {
  if (share === 0) return x.clone()
  return tf.tidy(() => {
    const pattern = tf.tensor(new Generator(PATTERN_SEED).rand(x.shape), x.shape)
    const moved = pattern.add(draw)
    const uniform = moved.sub(moved.floor())
    return x.mul(
      uniform
        .greaterEqual(share)
        .toFloat()
        .mul(1 / (1 - share)),
    ) as T // The shape is that of x.
  })
}

/** Noise for latents. Counterpart: diffusers utils/torch_utils.py (randn_tensor). */
import { runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import { makeTensor } from '../tensors/make-tensor'
import * as tf from '../tensors/tf'
import { channelsLastLoop, toChannelsLast } from './channels-last'
import { elementCount } from './draw-loops'
import { Generator } from './generator'
import { InvalidDrawError } from './invalid-draw-error'

/**
 * Draws normal noise. Of the shape `[batch, height, width, channels]` it is drawn in the reference's order
 * `[batch, channel, height, width]`, so that a seed gives the reference's noise; of any other rank in the order of the shape. The
 * caller owns the tensor.
 *
 * @param generator one for the whole batch, or a list with one for each batch element
 * @throws InvalidDrawError if the list is longer or shorter than the batch
 */
export function randnTensor(
  shape: readonly [batch: number, height: number, width: number, channels: number],
  generator: Generator | readonly Generator[],
): tf.Tensor4D
export function randnTensor(shape: readonly number[], generator: Generator | readonly Generator[]): tf.Tensor
export function randnTensor(shape: readonly number[], generator: Generator | readonly Generator[]): tf.Tensor {
  const values = generator instanceof Generator ? generator.randn(shape) : runAtOnce(drawEach(generator, shape))
  return tf.tensor(toChannelsLast(values, shape), [...shape])
}

/**
 * Draws the noise of {@link randnTensor} in slices between which the event loop runs. Use it in blocks: for large batches and pictures, drawing takes
 * seconds. The caller owns the tensor.
 *
 * @throws InvalidDrawError if the list is longer or shorter than the batch; the reason of `signal`
 */
export function randnTensorAsync(
  shape: readonly [batch: number, height: number, width: number, channels: number],
  generator: Generator | readonly Generator[],
  options?: { signal?: AbortSignal | undefined },
): Promise<tf.Tensor4D>
export function randnTensorAsync(
  shape: readonly number[],
  generator: Generator | readonly Generator[],
  options?: { signal?: AbortSignal | undefined },
): Promise<tf.Tensor>
export async function randnTensorAsync(
  shape: readonly number[],
  generator: Generator | readonly Generator[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<tf.Tensor> {
  signal?.throwIfAborted()
  const values =
    generator instanceof Generator
      ? ((await generator.randnAsync(shape, { signal })) as Float32Array) // Of float32, as by default.
      : await runInSlices(drawEach(generator, shape), signal)
  return makeTensor(await runInSlices(channelsLastLoop(values, shape), signal), shape, { signal })
}

function* drawEach(
  generators: readonly Generator[],
  [batch, ...sample]: readonly number[],
): globalThis.Generator<void, Float32Array, void> {
  if (generators.length !== batch) {
    const problem =
      batch === undefined
        ? 'without a batch needs one generator'
        : `for a batch of ${batch} needs one generator for all, or a list of ${batch}`
    throw new InvalidDrawError(`Noise ${problem}, but the list holds ${generators.length}.`)
  }
  const size = elementCount(sample)
  const values = new Float32Array(batch * size)
  for (const [i, generator] of generators.entries()) {
    values.set(yield* generator.randnLoop(sample), i * size)
    yield
  }
  return values
}

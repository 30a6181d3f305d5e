/** What `auto` stands for. */
import type { Executor } from '../executors/executor'
import { measureProductSpeeds, type ProductSpeeds } from './product-speeds'
import type { Quantization } from './quantization-names'

/** How much faster products must be: the rest of a model does not gain. */
const LEAST_GAIN = 1.3

const measured = new WeakMap<Executor, Promise<ProductSpeeds | undefined>>()

/**
 * Returns the quantization of a model that is faster than float32 on this machine, or as fast if the weights would not
 * fit into memory otherwise. Returns `undefined` if none is. Each executor is measured once, which takes some
 * milliseconds.
 *
 * @param bytes what the weights take if they are not quantized
 */
export async function quantizationThatPays(executor: Executor, bytes: number): Promise<Quantization | undefined> {
  let measuring = measured.get(executor)
  if (measuring === undefined) {
    measuring = measureProductSpeeds(executor)
    // One that failed is tried again.
    measuring.catch(() => measured.delete(executor))
    measured.set(executor, measuring)
  }
  return choose(await measuring, bytes, executor.memory.available())
}

/** The choice for measured speeds. @param available bytes of memory that are free; `undefined` if that is unknown */
export function choose(
  speeds: ProductSpeeds | undefined,
  bytes: number,
  available: number | undefined,
): Quantization | undefined {
  if (speeds === undefined) return undefined
  const gain = speeds.int8 / speeds.float32
  const fits = available === undefined || bytes <= available
  return gain >= LEAST_GAIN || (gain >= 1 && !fits) ? 'int8' : undefined
}

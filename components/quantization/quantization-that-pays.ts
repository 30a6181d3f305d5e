/** What `auto` stands for. */
import type { Executor } from '../executors/executor'
import { measureProductSpeeds, type ProductSpeeds } from './product-speeds'
import type { Quantization } from './quantization-names'

/**
 * How much faster products must be. The rest of a model does not gain. With AVX2 alone, products are 1.3 times as fast. The bundled model then draws 15 % slower in 8 bits,
 * and a step of Stable Diffusion 1.5's UNet takes 12 % less time. With VNNI, products are 3.5 times as fast.
 */
const LEAST_GAIN = 1.6

const measured = new WeakMap<Executor, Promise<ProductSpeeds | undefined>>()

/** How much memory a model takes, and may take. */
export interface MemoryDemand {
  /** Bytes of the weights if they are quantized so; `undefined` stands for those that are not. */
  readonly bytesAs: (quantization: Quantization | undefined) => number
  /** Bytes that they may take, e.g. the limit of a components manager. Default: what is free. */
  readonly limit?: number | undefined
}

/**
 * Returns the quantization of a model that is faster than float32 on this machine, or smaller if the weights would not
 * fit into memory otherwise. Returns `undefined` if neither is needed. Each executor is measured once, which takes some
 * milliseconds.
 */
export async function quantizationThatPays(
  executor: Executor,
  { bytesAs, limit = Number.POSITIVE_INFINITY }: MemoryDemand,
): Promise<Quantization | undefined> {
  let measuring = measured.get(executor)
  if (measuring === undefined) {
    measuring = measureProductSpeeds(executor)
    // One that failed is tried again.
    measuring.catch(() => measured.delete(executor))
    measured.set(executor, measuring)
  }
  const available = executor.memory.available() ?? Number.POSITIVE_INFINITY
  return choose(await measuring, { bytesAs, limit: Math.min(available, limit) })
}

/**
 * The choice for measured speeds: what is fastest if it fits, otherwise the first that fits of 8 bits and 4 bits, and 4 bits if nothing does.
 *
 * The sizes go by the shapes of weights: in 8 bits, layers of one vector for each sample take a few percent more.
 *
 * @param speeds `undefined` for an executor that computes with no quantized weights
 */
export function choose(
  speeds: ProductSpeeds | undefined,
  { bytesAs, limit = Number.POSITIVE_INFINITY }: MemoryDemand,
): Quantization | undefined {
  if (speeds === undefined) return undefined
  const gain = speeds.int8 / speeds.float32
  const fits = (quantization: Quantization | undefined) => bytesAs(quantization) <= limit
  const fastest = gain >= LEAST_GAIN ? 'int8' : undefined
  if (fits(fastest)) return fastest
  const smaller = [gain >= 1 ? 'int8' : 'int8wo', 'int4'] as const
  return smaller.find(fits) ?? 'int4'
}

/** Draws the noise of a step before the step needs it. */
import { TimeSlice } from '../../../src/runtime/time-slice'
import { Generator } from '../../random/generator'
import type { StepOptions } from '../step-options'

/**
 * Draws numbers for a sample in slices, so that the generators have them at hand: one generator for the whole sample, or one for each picture of it.
 *
 * @throws the reason of `signal`
 */
export async function prefetchNoise(
  shape: readonly number[],
  generator: StepOptions['generator'],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (generator instanceof Generator) return generator.prefetchRandn(shape, { signal })
  const slice = new TimeSlice(signal)
  for (const each of generator ?? []) {
    await each.prefetchRandn(shape.slice(1), { signal })
    if (slice.isOver) await slice.next()
  }
}

/** How long an executor takes for a call, for measurements of speed. */
import type * as tf from '../tensors/tf'
import type { Executor } from './executor'
import type { ModelCall } from './model-call'

/** Runs that are timed. The fastest counts: others may share the processor. */
const RUNS = 4

/** Returns the milliseconds of the fastest run. A run before them, which makes what the executor keeps for such calls, does not count. Results are disposed. */
export async function fastestRun<I>(executor: Executor, call: ModelCall<I, tf.Tensor>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY
  for (let run = 0; run <= RUNS; run++) {
    const begun = performance.now()
    const result = await executor.run(call)
    if (run > 0) fastest = Math.min(fastest, performance.now() - begun)
    result.dispose()
  }
  return fastest
}

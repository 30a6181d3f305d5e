/** Program of a child process: tries the backend that its argument names and tells its parent what came of it. */
import type { BackendName } from './backend-loader'
import { BackendUnavailableError } from './backend-unavailable-error'
import { measureSpeed } from './measure-speed'
import { BackendSelector, backendLoaders } from './select-backend'

/** What the program sends to its parent. */
export type ProbeMessage =
  | { works: true; device: string; version: string; caveat?: string; ms: number; gflops: number }
  | { works: false; reason: string }

async function probe(backend: BackendName): Promise<ProbeMessage> {
  const selector = new BackendSelector(backendLoaders.filter(({ name }) => name === backend))
  try {
    const { name: _, tried, ...description } = await selector.select({ backend })
    return { works: true, ...description, ms: tried[0]?.ms ?? 0, gflops: await measureSpeed() }
  } catch (error) {
    return { works: false, reason: error instanceof BackendUnavailableError ? error.reason : String(error) }
  }
}

// The parent passes one of the names.
void probe(process.argv[2] as BackendName).then(message => process.send?.(message))

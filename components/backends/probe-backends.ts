/** Tries every backend, each in a process of its own, for `tesserae doctor`. */
import { BACKEND_NAMES, type BackendName } from './backend-loader'
import { probeInProcess } from './probe-in-process'
import type { ProbeMessage } from './probe-process'
import { probeProgram } from './probe-program'

/** What one backend does on this machine. */
export interface BackendProbe {
  /** Name of the backend. */
  name: BackendName
  /** Whether it loads, computes correctly and survives a convolution as diffusion models have them. */
  works: boolean
  /** Why it does not work, as a sentence. */
  reason?: string
  /** What speaks against it although it works. */
  caveat?: string
  /** What it computes on: `CUDA GPU`, `CPU, 2 threads`. */
  device?: string
  /** The package behind it, with its version. */
  version?: string
  /** Milliseconds that loading and testing took. */
  ms?: number
  /** Speed in a 3×3 convolution, in GFLOP/s; an estimate. */
  gflops?: number
  /** What the native library wrote while it was tried: the drivers and libraries that it missed. */
  log: string
}

/** How long and what to probe. */
export interface ProbeBackendsOptions {
  /** Backends to try. Default: all. */
  backends?: readonly BackendName[]
  /** Milliseconds after which a backend is given up, each for itself. Default: 60 000. */
  timeoutMs?: number
}

/**
 * Tries the backends one after the other. One that crashes, hangs or leaves something registered disturbs neither this
 * process nor the others. Never rejects for what a backend does.
 *
 * @throws BundledCodeError inside of a bundle
 */
export async function probeBackends(options: ProbeBackendsOptions = {}): Promise<BackendProbe[]> {
  const { backends = BACKEND_NAMES, timeoutMs = 60_000 } = options
  const probes: BackendProbe[] = []
  for (const name of backends) probes.push(await probeBackend(name, timeoutMs))
  return probes
}

async function probeBackend(name: BackendName, timeoutMs: number): Promise<BackendProbe> {
  const { log, message, reason } = await probeInProcess<ProbeMessage>(
    probeProgram(__filename, 'probe-process'),
    name,
    timeoutMs,
  )
  return { name, log, ...(message ?? { works: false, reason }) }
}

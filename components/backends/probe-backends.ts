/** Tries every backend, each in a process of its own, for `tesserae doctor`. */
import { fork } from 'node:child_process'
import { BACKEND_NAMES, type BackendName } from './backend-loader'
import type { ProbeMessage } from './probe-process'

/** Characters of a native library's log that are kept, from its end. */
const LOG_LENGTH = 8000

/** What one backend does on this machine. */
export interface BackendProbe {
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
 */
export async function probeBackends(options: ProbeBackendsOptions = {}): Promise<BackendProbe[]> {
  const { backends = BACKEND_NAMES, timeoutMs = 60_000 } = options
  const probes: BackendProbe[] = []
  for (const name of backends) probes.push(await probeBackend(name, timeoutMs))
  return probes
}

function probeBackend(name: BackendName, timeoutMs: number): Promise<BackendProbe> {
  return new Promise(resolve => {
    const child = fork(require.resolve('./probe-process'), [name], {
      silent: true,
      execArgv: [],
      // TensorFlow's warnings say which CUDA libraries it looked for.
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '1' },
    })
    let log = ''
    let message: ProbeMessage | undefined
    let reason = ''
    const timer = setTimeout(() => {
      reason = `It gave no answer within ${timeoutMs / 1000} s.`
      child.kill('SIGKILL')
    }, timeoutMs)
    child.stderr?.on('data', chunk => {
      log = (log + chunk).slice(-LOG_LENGTH)
    })
    child.on('message', answer => {
      message = answer as ProbeMessage // The program sends nothing else.
      // Some native libraries take long to leave.
      child.kill('SIGKILL')
    })
    child.on('error', error => {
      reason = `Its process cannot be started: ${error.message}.`
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      reason ||= `Its process died (${signal ?? `exit status ${code}`}).`
      resolve({ name, log, ...(message ?? { works: false, reason }) })
    })
  })
}

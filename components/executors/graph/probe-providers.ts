/** Tries everything that ONNX Runtime may compute on, each in a process of its own, for `tesserae doctor`. */
import { probeInProcess } from '../../backends/probe-in-process'
import { probeProgram } from '../../backends/probe-program'
import type { AllProductSpeeds } from '../../quantization/product-speeds'
import type { ExecutionProvider } from './graph-executor'
import type { ProviderMessage } from './probe-provider-process'

/** What one execution provider does on this machine. */
export interface ProviderProbe {
  /** Name of the provider. */
  name: ExecutionProvider
  /** Whether it starts and computes correctly. */
  works: boolean
  /** Why it does not work, as a sentence. */
  reason?: string
  /** What it computes on: `CPU, 2 threads`. */
  device?: string
  /** The package behind it, with its version. */
  version?: string
  /** Speed in a 3×3 convolution, in GFLOP/s; an estimate. */
  gflops?: number
  /** Speed of products in float32, in 8 bits and with weights of 4 bits, in GFLOP/s, where it computes in these; an estimate. */
  products?: AllProductSpeeds
}

const ALL: readonly ExecutionProvider[] = ['cuda', 'webgpu', 'cpu']

/**
 * Tries the providers one after the other. Never rejects for what a provider does.
 *
 * @throws BundledCodeError inside of a bundle
 */
export async function probeProviders(providers = ALL, timeoutMs = 60_000): Promise<ProviderProbe[]> {
  const probes: ProviderProbe[] = []
  for (const name of providers) {
    const program = probeProgram(__filename, 'probe-provider-process')
    const { message, reason } = await probeInProcess<ProviderMessage>(program, name, timeoutMs)
    probes.push({ name, ...(message ?? { works: false, reason }) })
  }
  return probes
}

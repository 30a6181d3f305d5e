/** What a backend of TensorFlow.js must offer to be chosen. */
import { ModularError } from '../../src/errors/modular-error'

/** The backends by our names, the most wanted first. */
export const BACKEND_NAMES = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const

/** A backend by our name. `node-gpu` and `node` are TensorFlow's own library, with and without CUDA. */
export type BackendName = (typeof BACKEND_NAMES)[number]

/** The options of a loader. */
export interface BackendLoadOptions {
  /** Threads to compute with, at least 1; the backend's own choice if absent. */
  threads?: number | undefined
}

/** A backend that TensorFlow.js knows and that was initialised. */
export interface LoadedBackend {
  /** The name under which TensorFlow.js knows it. */
  tfjsName: string
  /** What it computes on, in words for people: `CPU, 2 threads`. */
  device: string
  /** Version of the package behind it. */
  version: string
  /** What speaks against it, as a sentence: `auto` passes it over for this. */
  caveat?: string
}

/** Brings one backend into the process. */
export interface BackendLoader {
  readonly name: BackendName
  /**
   * Loads the packages behind the backend, which costs nothing before, and registers it with TensorFlow.js.
   *
   * @throws BackendLoadError, or whatever the packages throw.
   */
  load(options: BackendLoadOptions): Promise<LoadedBackend>
}

/** A backend cannot be loaded into this process; the message says why and what helps. */
export class BackendLoadError extends ModularError {
  override readonly code = 'BACKEND_LOAD'
}

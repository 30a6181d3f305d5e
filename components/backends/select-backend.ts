/** Chooses the tfjs backend of this process: the best that this machine has, or the one that is asked for. */
import { nearestName } from '../../src/errors/nearest-name'
import * as tf from '../tensors/tf'
import {
  BACKEND_NAMES,
  BackendLoadError,
  type BackendLoader,
  type BackendName,
  type LoadedBackend,
} from './backend-loader'
import { BackendUnavailableError } from './backend-unavailable-error'
import { cpuLoader } from './cpu-loader'
import { nodeCpuLoader, nodeGpuLoader } from './node-loader'
import { selfTest } from './self-test'
import { threadCount } from './thread-count'
import { wasmLoader } from './wasm-loader'
import { webgpuLoader } from './webgpu-loader'

/** What a caller wants of a backend. */
export interface SelectBackendOptions {
  /**
   * The backend to use. `auto` takes the first of `node-gpu`, `node`, `webgpu`, `wasm`, `cpu` that works. Default: the
   * environment variable `TESSERAE_BACKEND`, otherwise `auto`.
   */
  backend?: BackendName | 'auto'
  /**
   * Threads of a backend that computes on the CPU. Default: the environment variable `TESSERAE_THREADS`, otherwise one for each processor; `wasm` takes 8
   * at most.
   */
  threads?: number
}

/** One backend that was looked at. */
export interface BackendAttempt {
  /** Name of the backend. */
  name: BackendName
  /** Whether it works. */
  ok: boolean
  /** Why it was skipped, as a sentence; absent if it works. */
  reason?: string
  /** Milliseconds that loading and testing took. */
  ms: number
}

/** The backend in use. */
export interface BackendSelection {
  /** Name of the backend that is in use now. */
  name: BackendName
  /** What it computes on: `CUDA GPU`, `CPU, 2 threads`. */
  device: string
  /** The package behind it, with its version. */
  version: string
  /** What speaks against it, if it was asked for by name although `auto` would pass it over. */
  caveat?: string
  /** What was looked at on the way, in this order; the last one is the one in use. */
  tried: readonly BackendAttempt[]
}

interface Outcome {
  attempt: BackendAttempt
  loaded?: LoadedBackend
  error?: unknown
}

/** Every backend there is, the most wanted first. */
export const backendLoaders: readonly BackendLoader[] = [
  nodeGpuLoader,
  nodeCpuLoader,
  webgpuLoader,
  wasmLoader,
  cpuLoader,
]

/** Chooses among loaders. Each is tried once; calls wait for one another, since tfjs has one current backend. */
export class BackendSelector {
  private readonly outcomes = new Map<BackendName, Outcome>()
  private selected: { selection: BackendSelection; tfjsName: string } | undefined
  private isNamed = false
  private turn: Promise<unknown> = Promise.resolve()

  constructor(private readonly loaders: readonly BackendLoader[]) {}

  /** The backend in use, and whether it was asked for by name. */
  get current(): { selection: BackendSelection; isNamed: boolean } | undefined {
    return this.selected && { selection: this.selected.selection, isNamed: this.isNamed }
  }

  /**
   * See {@link selectBackend}.
   *
   * @param isAsked - whether a name comes from a user
   */
  async select(options: SelectBackendOptions = {}, isAsked = true): Promise<BackendSelection> {
    const { backend } = options
    const threads = threadCount(options.threads)
    const chosen = this.turn.then(() => this.choose(backend, threads, isAsked))
    this.turn = chosen.catch(() => undefined)
    return chosen
  }

  private async choose(
    option: BackendName | 'auto' | undefined,
    threads: number | undefined,
    isAsked: boolean,
  ): Promise<BackendSelection> {
    if (this.selected && (option === undefined || option === 'auto')) return this.selected.selection
    const fromEnvironment = process.env.TESSERAE_BACKEND || undefined
    const wanted = option ?? fromEnvironment ?? 'auto'
    this.isNamed = isAsked && wanted !== 'auto'
    const source = option ? 'option backend' : fromEnvironment ? 'TESSERAE_BACKEND' : 'default'
    if (wanted !== 'auto') return this.chooseNamed(wanted, source, threads)

    const tried: BackendAttempt[] = []
    for (const loader of this.loaders) {
      const { attempt, loaded } = await this.try(loader, threads)
      tried.push(loaded?.caveat === undefined ? attempt : { ...attempt, ok: false, reason: loaded.caveat })
      if (loaded && loaded.caveat === undefined) return this.use(loader.name, loaded, tried)
    }
    const reason = tried.map(attempt => `${attempt.name}: ${attempt.reason}`).join(' ')
    throw new BackendUnavailableError({ backend: 'auto', source, reason, available: [] })
  }

  private async chooseNamed(wanted: string, source: string, threads: number | undefined): Promise<BackendSelection> {
    const loader = this.loaders.find(candidate => candidate.name === wanted)
    const outcome = loader && (await this.try(loader, threads))
    if (loader && outcome?.loaded) return this.use(loader.name, outcome.loaded, [outcome.attempt])

    const nearest = nearestName(wanted, BACKEND_NAMES)
    const unknown = `There is no backend of that name${nearest ? `; did you mean "${nearest}"?` : '.'}`
    const reason = outcome?.attempt.reason ?? unknown
    const available: BackendName[] = []
    for (const other of this.loaders) if ((await this.try(other, threads)).loaded) available.push(other.name)
    if (this.selected) await tf.setBackend(this.selected.tfjsName)
    throw new BackendUnavailableError({ backend: wanted, source, reason, available, cause: outcome?.error })
  }

  private async use(
    name: BackendName,
    loaded: LoadedBackend,
    tried: readonly BackendAttempt[],
  ): Promise<BackendSelection> {
    await tf.setBackend(loaded.tfjsName)
    const { tfjsName, ...description } = loaded
    const selection = { name, ...description, tried }
    this.selected = { selection, tfjsName }
    return selection
  }

  private async try(loader: BackendLoader, threads: number | undefined): Promise<Outcome> {
    const known = this.outcomes.get(loader.name)
    if (known) return known
    const start = performance.now()
    let outcome: Outcome
    try {
      const loaded = await loader.load({ threads })
      if (!(await tf.setBackend(loaded.tfjsName))) throw new BackendLoadError('TensorFlow.js cannot initialise it.')
      await selfTest()
      outcome = { attempt: { name: loader.name, ok: true, ms: performance.now() - start }, loaded }
    } catch (error) {
      const attempt = { name: loader.name, ok: false, reason: reasonOf(error), ms: performance.now() - start }
      outcome = { attempt, error }
    }
    this.outcomes.set(loader.name, outcome)
    return outcome
  }
}

const selector = new BackendSelector(backendLoaders)

/**
 * Makes a backend the current one of tfjs: the one that the option or `TESSERAE_BACKEND` names (the option wins), otherwise the
 * first that loads and computes a small test correctly. May be called at any time and any number of times: a call without
 * a name keeps what is in use.
 *
 * @throws BackendUnavailableError when the named backend is unknown or does not work; it lists those that do.
 * @throws InvalidThreadCountError
 */
export function selectBackend(options: SelectBackendOptions = {}): Promise<BackendSelection> {
  return selector.select(options)
}

/** Makes a backend the current one for a reason of our own: nobody has asked for it. @throws BackendUnavailableError */
export function tryBackend(backend: BackendName): Promise<BackendSelection> {
  return selector.select({ backend }, false)
}

let isStopgap = false

/** Makes plain JavaScript the backend if none exists yet: enough for what lies between models that something else computes. */
export async function useStopgapBackend(): Promise<void> {
  if (tf.getBackend()) return
  const { tfjsName } = await cpuLoader.load({})
  await tf.setBackend(tfjsName)
  isStopgap = true
}

/** The backend that somebody has chosen, and whether by its name; `undefined` as long as there is none, or a stopgap. */
export function backendInUse(): { isNamed: boolean; selection?: BackendSelection } | undefined {
  if (selector.current) return selector.current
  const name = tf.getBackend()
  // TensorFlow.js takes `cpu` by itself where nothing was chosen.
  return !name || name === 'cpu' || isStopgap ? undefined : { isNamed: true }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const text = message.replace(/\s+/g, ' ').trim()
  return /[.!?]$/.test(text) ? text : `${text}.`
}

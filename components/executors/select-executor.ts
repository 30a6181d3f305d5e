/** Chooses what computes the models: the fastest that this machine has, or the one that is asked for. */
import { emitWarning } from '../../src/errors/emit-warning'
import { nameList } from '../../src/errors/text'
import { UnknownValueError } from '../../src/errors/unknown-value-error'
import { GPU_PACKAGES } from '../backends/gpu-facts'
import { CUDA_DEVICE } from '../backends/node-loader'
import { isInstalled } from '../backends/optional-package'
import { backendInUse, selectBackend, tryBackend, useStopgapBackend } from '../backends/select-backend'
import * as tf from '../tensors/tf'
import { eagerExecutor } from './eager-executor'
import type { Executor } from './executor'
import { hasNvidiaDriver, likelyGpuProviders, tryExecutor } from './graph/execution-providers'
import { type ExecutionProvider, GraphExecutor, type GraphExecutorOptions } from './graph/graph-executor'
import { requireRuntime, runtimeProblem } from './graph/runtime-package'
import { RuntimeUnavailableError } from './graph/runtime-unavailable-error'
import { sessionHost } from './graph/session-host'

/** The executors by name. */
export const EXECUTOR_NAMES = ['auto', 'eager', 'graph'] as const

/** An executor by name, or the choice of one. */
export type ExecutorName = (typeof EXECUTOR_NAMES)[number]

/** What ONNX Runtime may be asked to compute on. */
export const EXECUTION_PROVIDERS = ['cpu', 'webgpu', 'cuda'] as const

/** What a caller wants of an executor. */
export interface SelectExecutorOptions extends GraphExecutorOptions {
  /**
   * `eager` computes kernel by kernel on TensorFlow.js, `graph` the whole model on ONNX Runtime. `auto` takes a CUDA GPU through TensorFlow.js, then a
   * GPU through ONNX Runtime, then its CPU; naming a TensorFlow.js backend forces eager execution on it. Default: the environment
   * variable `TESSERAE_EXECUTOR`, otherwise `auto`; likewise `TESSERAE_PROVIDER` stands for `provider`.
   */
  executor?: ExecutorName
}

/** Something that was looked at on the way. */
export interface ExecutorAttempt {
  /** `eager on node-gpu`, `graph on webgpu`. */
  name: string
  /** Whether it works. */
  ok: boolean
  /** Why it was skipped, as a sentence. */
  reason?: string
}

/** The executor in use. */
export interface ExecutorSelection {
  /** The executor that was chosen. */
  executor: Executor
  /** What was looked at, in this order; the last one is the one in use. */
  tried: readonly ExecutorAttempt[]
  /** What was asked for and could not be had, or has no effect, as a sentence. */
  warning?: string
}

const graphExecutors = new Map<string, Promise<ExecutorSelection>>()
let automatic: Promise<ExecutorSelection> | undefined

/**
 * Chooses an executor. Calls with the same options get the same one, so that models share its process and its memory.
 *
 * @throws UnknownValueError for a name or a provider that does not exist; RuntimeUnavailableError for graphs without ONNX Runtime
 */
export async function selectExecutor(options: SelectExecutorOptions = {}): Promise<ExecutorSelection> {
  const { executor = (process.env.TESSERAE_EXECUTOR || 'auto') as ExecutorName, ...rest } = options
  const provider = rest.provider ?? ((process.env.TESSERAE_PROVIDER || undefined) as ExecutionProvider | undefined)
  const graphOptions = { ...rest, ...(provider !== undefined && { provider }) }
  requireKnown('executor', executor, EXECUTOR_NAMES)
  if (provider !== undefined) requireKnown('provider', provider, EXECUTION_PROVIDERS)
  if (executor === 'eager') return selectEager(rest)
  if (executor === 'graph' || provider !== undefined) return selectGraph(graphOptions)
  if (backendInUse()?.isNamed) return selectEager(rest)
  if (Object.keys(graphOptions).length > 0) return selectGraphOrEager(graphOptions)
  automatic ??= chooseAutomatically().catch(error => {
    automatic = undefined
    throw error
  })
  return automatic
}

/** The threads that the backend was chosen with here. */
let eagerThreads: number | undefined

/** Eager computing needs the best backend there is, unless somebody has chosen one. Of the options, a backend that is chosen here takes the threads. */
async function selectEager({ threads, ...ofGraphs }: GraphExecutorOptions = {}): Promise<ExecutorSelection> {
  if (backendInUse() === undefined) {
    await selectBackend({ ...(threads !== undefined && { threads }) })
    eagerThreads = threads
  }
  const options = { ...ofGraphs, ...(threads !== eagerThreads && { threads }) }
  const ignored = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  const selection = { executor: eagerExecutor, tried: [{ name: `eager on ${tf.getBackend()}`, ok: true }] }
  if (ignored.length === 0) return selection
  const warning = `The models are computed eagerly on ${tf.getBackend()}, so these options have no effect: ${nameList(ignored)}. Leave them out.`
  return { ...selection, warning }
}

function selectGraph(options: GraphExecutorOptions): Promise<ExecutorSelection> {
  const key = JSON.stringify(Object.entries(options).sort())
  const known = graphExecutors.get(key)
  if (known) return known
  const selection = startGraph(options).catch(error => {
    graphExecutors.delete(key)
    throw error
  })
  graphExecutors.set(key, selection)
  return selection
}

/** The CPU through ONNX Runtime, or TensorFlow.js if that is unavailable. */
async function selectGraphOrEager(options: GraphExecutorOptions): Promise<ExecutorSelection> {
  try {
    return await selectGraph(options)
  } catch (error) {
    if (!(error instanceof RuntimeUnavailableError)) throw error
    return replaceGraph(error.reason)
  }
}

/** Why TensorFlow.js was chosen, if a warning said so. */
const warned = new Set<string>()

async function replaceGraph(reason: string): Promise<ExecutorSelection> {
  if (!warned.has(reason))
    emitWarning('RUNTIME_UNAVAILABLE', `Models run on TensorFlow.js without graphs, which is slower: ${reason}`)
  warned.add(reason)
  const eager = await selectEager()
  return { ...eager, tried: [{ name: 'graph on cpu', ok: false, reason }, ...eager.tried] }
}

/** Starts a provider, or the CPU in its place. */
async function startGraph(options: GraphExecutorOptions): Promise<ExecutorSelection> {
  requireRuntime()
  sessionHost.start()
  await useStopgapBackend()
  await sessionHost.ready()
  const executor = new GraphExecutor(options)
  const name = `graph on ${executor.provider}`
  if (executor.provider === 'cpu') return { executor, tried: [{ name, ok: true }] }
  const reason = await tryExecutor(executor)
  if (reason === undefined) return { executor, tried: [{ name, ok: true }] }
  executor.dispose()
  const { provider: _, ...rest } = options
  const instead = await selectGraph(rest)
  const warning = `The execution provider "${executor.provider}" does not work here, so the CPU is used: ${reason}`
  return { executor: instead.executor, tried: [{ name, ok: false, reason }, ...instead.tried], warning }
}

async function chooseAutomatically(): Promise<ExecutorSelection> {
  const tried: ExecutorAttempt[] = []
  if (hasNvidiaDriver() && isInstalled(GPU_PACKAGES.cuda)) {
    const attempt = await tryCudaBackend()
    tried.push(attempt)
    if (attempt.ok) return { executor: eagerExecutor, tried }
  }
  const reason = runtimeProblem()
  if (reason !== undefined) {
    const eager = await replaceGraph(reason)
    return { ...eager, tried: [...tried, ...eager.tried] }
  }
  for (const provider of likelyGpuProviders()) {
    await useStopgapBackend()
    const executor = new GraphExecutor({ provider })
    const reason = await tryExecutor(executor)
    tried.push({ name: `graph on ${provider}`, ok: reason === undefined, ...(reason !== undefined && { reason }) })
    if (reason === undefined) return { executor, tried }
    executor.dispose()
  }
  const graph = await selectGraphOrEager({})
  return { ...graph, tried: [...tried, ...graph.tried] }
}

async function tryCudaBackend(): Promise<ExecutorAttempt> {
  const name = 'eager on node-gpu'
  try {
    const { device } = await tryBackend('node-gpu')
    if (device === CUDA_DEVICE) return { name, ok: true }
    return { name, ok: false, reason: `It computes on ${device}.` }
  } catch (error) {
    return { name, ok: false, reason: (error as Error).message }
  }
}

function requireKnown(what: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw new UnknownValueError('Tesserae', value, known, what)
}

/** Runs models as graphs on ONNX Runtime, in a process of its own. */
import { availableParallelism } from 'node:os'
import type { InferenceSession } from 'onnxruntime-common'
import { type ByteSize, parseByteSize } from '../../../src/format/byte-size'
import type { ModelMemory } from '../../../src/manager/managed-model'
import { onAbort } from '../../../src/runtime/on-abort'
import { flattenTree } from '../../backends/recorder/tensor-tree'
import { threadCount } from '../../backends/thread-count'
import type { RowDType } from '../../checkpoints/checkpoint'
import type { Module } from '../../nn/module'
import type { Parameter } from '../../nn/parameter'
import { QUANTIZATIONS, type Quantization } from '../../quantization/quantization-names'
import { likelyForm } from '../../quantization/weight-only-rules'
import * as tf from '../../tensors/tf'
import type { Executor, ModelRunOptions } from '../executor'
import type { ModelCall } from '../model-call'
import { gpuMemory, HOST_MEMORY } from '../model-memories'
import { GraphSession } from './graph-session'
import { OptimizedModels } from './optimized-models'
import { requireRuntime, runtimeVersion } from './runtime-package'
import { weightLayout } from './weight-layout'
import { widenedBytesIn } from './widened-bytes'

/** What ONNX Runtime computes on. */
export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda'

/** Options of a {@link GraphExecutor}. */
export interface GraphExecutorOptions {
  /** Default: `cpu`. */
  provider?: ExecutionProvider
  /** Threads that compute on the CPU. Default: the environment variable `TESSERAE_THREADS`, otherwise one for each processor. */
  threads?: number
  /** Keeps memory from one run to the next, which is faster; without it a run ends with the memory it began with. Default: true. */
  memoryArena?: boolean
  /** How many sessions are kept: one for each model, function and shape of inputs. The least recently used go first. Default: 16. */
  maxSessions?: number
  /**
   * Bytes of weights of all sessions, beyond which those that are not in use are dropped. A session takes a second or less to make again.
   * Default: 1 GiB on the CPU, no limit on a GPU.
   */
  maxSessionBytes?: number
  /**
   * Bytes of float32 that may be spent, on the CPU, on widening weights of a large model once. The runtime then has
   * them in its fastest layout. At most a third of the weights, and none for which it saves too little time for its memory.
   * The others are widened whenever they are used. Default: an eighth of the machine's memory.
   */
  widenedBytes?: ByteSize
  /** A folder in which graphs are kept that the runtime has optimised, for later processes. Default: none are kept. */
  optimizedModelFolder?: string
}

/** Computes calls as sessions, which it makes when a call of a new form comes and keeps for the next of that form. */
export class GraphExecutor implements Executor {
  /** Name of the executor. */
  readonly name = 'graph'
  readonly readsWeights = true
  /** What ONNX Runtime computes on. */
  readonly provider: ExecutionProvider
  /** GPUs have no kernels for products of 8 bits. */
  readonly quantizations: readonly Quantization[]
  /**
   * Whether the runtime's own operator for attention is used. Through WebGPU it gives wrong results on some devices, so there it must first have shown
   * that it gives right ones.
   */
  trustsAttention: boolean
  /** By model and form; those used last are at the end. */
  private readonly sessions = new Map<Module, Map<string, GraphSession>>()
  private used: GraphSession[] = []
  /** The form of the weights of each quantized model, as far as calls have shown it. */
  private readonly knownForms = new WeakMap<
    Module,
    Partial<Record<Quantization, Map<Parameter, RowDType | undefined>>>
  >()
  /** What is being made or computed for each model. */
  private readonly pending = new WeakMap<Module, Set<Promise<unknown>>>()
  private readonly options: Required<Omit<GraphExecutorOptions, 'optimizedModelFolder' | 'widenedBytes'>>
  private readonly optimizedModels: OptimizedModels | undefined
  private widenedBytes: number

  constructor(options: GraphExecutorOptions = {}) {
    const { provider = 'cpu', memoryArena = true, maxSessions = 16 } = options
    const threads = threadCount(options.threads) ?? availableParallelism()
    const { maxSessionBytes = provider === 'cpu' ? 2 ** 30 : Number.POSITIVE_INFINITY } = options
    requireRuntime()
    this.provider = provider
    this.quantizations = provider === 'cpu' ? QUANTIZATIONS : []
    this.trustsAttention = provider !== 'webgpu'
    const { optimizedModelFolder: folder } = options
    const widenedBytes = parseByteSize(options.widenedBytes ?? widenedBytesIn(), 'widenedBytes')
    this.optimizedModels = folder === undefined ? undefined : new OptimizedModels(folder, this.version)
    this.options = { provider, threads, memoryArena, maxSessions, maxSessionBytes }
    this.widenedBytes = widenedBytes
  }

  get backend(): string {
    return `onnxruntime-${this.provider}`
  }

  get version(): string {
    return `onnxruntime-node ${runtimeVersion()}`
  }

  get device(): string {
    const { provider, threads } = this.options
    if (provider !== 'cpu') return `GPU through ${provider}`
    return `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
  }

  /** How many sessions are kept now. */
  get sessionCount(): number {
    return this.used.length
  }

  async run<I, O>(call: ModelCall<I, O>, { signal }: ModelRunOptions = {}): Promise<O> {
    signal?.throwIfAborted()
    const { leaves, signature } = flattenTree(call.inputs)
    const tensors = leaves.map(({ tensor }) => tensor as tf.Tensor) // Placeholders are for prepare().
    const session = this.sessionFor(call, signature)
    const result = this.use(call.model, session, session.run(tensors, signal))
    return (await untilAborted(result, signal)) as O // The result is put together as the model had it.
  }

  async prepare(call: ModelCall<never, unknown>, { signal }: ModelRunOptions = {}): Promise<void> {
    // Recording takes a moment, in which more urgent work may come: it waits for its turn.
    await new Promise(setImmediate)
    if (signal?.aborted) return
    // What does not fit beside the models in use is made when they are done.
    if (
      this.bytesInUse + this.weightBytes(call.model, call.hookWeights, call.quantization) >
      this.options.maxSessionBytes
    )
      return
    try {
      const session = this.sessionFor(call, flattenTree(call.inputs).signature)
      await this.use(call.model, session, session.open(signal))
    } catch {
      // The call itself will say what is wrong.
    }
  }

  limitMemory(memory: number): void {
    this.widenedBytes = Math.min(this.widenedBytes, widenedBytesIn(memory))
  }

  /** GPUs hold all weights in float32. */
  private get wideningLimit(): number | undefined {
    return this.provider === 'cpu' ? this.widenedBytes : undefined
  }

  get memory(): ModelMemory {
    return this.provider === 'cpu' ? HOST_MEMORY : gpuMemory(this.backend)
  }

  weightBytes(model: Module, hookWeights: readonly Module[] = [], quantization?: Quantization): number {
    const parameters = [model, ...hookWeights].flatMap(module => module.parameters())
    const formOf = quantization && this.formsOf(model, quantization)
    return weightLayout(parameters, this.wideningLimit, formOf).bytes
  }

  /** Tells the form of a model's weights. */
  private formsOf(model: Module, quantization: Quantization): (weight: Parameter) => RowDType | undefined {
    const own = new Set(model.parameters())
    const known = this.knownForms.get(model)?.[quantization]
    return weight => {
      if (known?.has(weight)) return known.get(weight)
      return own.has(weight) ? likelyForm(weight, quantization) : undefined
    }
  }

  /** Notes the forms that a session has. */
  private learnForms(model: Module, quantization: Quantization, { weights, forms }: GraphSession): void {
    const ofModel = this.knownForms.get(model) ?? {}
    const known = ofModel[quantization] ?? new Map<Parameter, RowDType | undefined>()
    for (const weight of weights) {
      // One that any call computes with as floats counts as such.
      if (!known.has(weight) || known.get(weight) !== undefined) known.set(weight, forms.get(weight))
    }
    this.knownForms.set(model, { ...ofModel, [quantization]: known })
  }

  heldBytes(model: Module): number {
    return sessionBytes([...(this.sessions.get(model)?.values() ?? [])])
  }

  formOf({ method, inputs }: ModelCall<never, unknown>): string {
    return `${method} ${flattenTree(inputs).signature}`
  }

  missingBytes(call: ModelCall<never, unknown>): number {
    const session = this.sessions.get(call.model)?.get(this.formOf(call))
    return session && !session.isStale && !session.isLost
      ? 0
      : this.weightBytes(call.model, call.hookWeights, call.quantization)
  }

  async whenIdle(model: Module): Promise<void> {
    for (let pending = this.pending.get(model); pending?.size; pending = this.pending.get(model)) {
      await Promise.allSettled(pending)
    }
  }

  /** Counts a model as busy until work with its session is done. */
  private async use<T>(model: Module, session: GraphSession, work: Promise<T>): Promise<T> {
    const pending = this.pending.get(model) ?? new Set()
    this.pending.set(model, pending)
    pending.add(work)
    try {
      return await work
    } finally {
      pending.delete(work)
      // A session that could not be made is tried again by the next call.
      if (!session.isMade && !session.isBusy) {
        this.forget(session)
        session.release()
      }
    }
  }

  release(model: Module): void {
    const sessions = new Set(this.sessions.get(model)?.values())
    this.sessions.delete(model)
    this.used = this.used.filter(session => !sessions.has(session))
    for (const session of sessions) session.release()
  }

  /** Gives all sessions back. */
  dispose(): void {
    for (const model of [...this.sessions.keys()]) this.release(model)
  }

  private sessionFor<I, O>(call: ModelCall<I, O>, signature: string): GraphSession {
    const { model, method } = call
    const form = `${method} ${signature}`
    const ofModel = this.sessions.get(model) ?? new Map<string, GraphSession>()
    // Also those of other forms: hooks whose weights were disposed do not come again.
    for (const stale of [...ofModel.values()].filter(({ isStale }) => isStale)) {
      this.forget(stale)
      stale.release()
    }
    let session = ofModel.get(form)
    if (session === undefined) {
      session = new GraphSession(call as ModelCall<unknown, unknown>, this.sessionOptions(), {
        widenedBytes: this.wideningLimit,
        composeAttention: !this.trustsAttention,
        tileConvolutions: this.provider === 'cpu',
        optimizedModels: this.optimizedModels,
      })
      ofModel.set(form, session)
      if (call.quantization) this.learnForms(model, call.quantization, session)
      this.sessions.set(model, ofModel)
    }
    const wanted = session
    wanted.renew()
    this.used = [...this.used.filter(other => other !== wanted), wanted]
    this.makeRoom()
    return wanted
  }

  /** Drops sessions that are not in use, the least recently used first, until the limits hold. */
  private makeRoom(): void {
    const { maxSessions, maxSessionBytes } = this.options
    const isOver = () => this.used.length > maxSessions || this.bytesInUse > maxSessionBytes
    for (const session of this.used.slice(0, -1)) {
      if (!isOver()) return
      if (session.isBusy) continue
      this.forget(session)
      session.release()
    }
  }

  private get bytesInUse(): number {
    return sessionBytes(this.used)
  }

  private forget(session: GraphSession): void {
    this.used = this.used.filter(other => other !== session)
    for (const sessions of this.sessions.values()) {
      for (const [form, other] of sessions) if (other === session) sessions.delete(form)
    }
  }

  private sessionOptions(): InferenceSession.SessionOptions {
    const { provider, threads, memoryArena } = this.options
    return {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      intraOpNumThreads: threads,
      enableCpuMemArena: memoryArena,
      // A plan of all memory in advance takes more of it than the arena does.
      enableMemPattern: false,
      logSeverityLevel: 4,
    }
  }
}

/** Bytes of weights that sessions hold. */
function sessionBytes(sessions: readonly GraphSession[]): number {
  return sessions.reduce((sum, { bytes, isLost }) => sum + (isLost ? 0 : bytes), 0)
}

/** What a promise gives, or the signal's reason if that comes first. Tensors that nobody gets then are disposed. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  let stopListening = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stopListening = onAbort(signal, () => reject(signal.reason))
  })
  try {
    return await Promise.race([promise, aborted])
  } catch (error) {
    promise.then(
      result => tf.dispose(result as tf.TensorContainer),
      () => undefined,
    )
    throw error
  } finally {
    stopListening()
  }
}

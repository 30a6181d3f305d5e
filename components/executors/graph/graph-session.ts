/** One call of a model, of one form, as a session of ONNX Runtime. */

import type { InferenceSession } from 'onnxruntime-common'
import { classNameOf } from '../../../src/format/class-name'
import { runInSlices, yieldToEventLoop } from '../../../src/runtime/time-slice'
import { asActivity } from '../../../src/telemetry/ongoing-activity'
import type { BuilderOptions } from '../../backends/onnx/onnx-builder'
import { tiledWeights } from '../../backends/onnx/operators/tiled-convolutions'
import { encodeOnnx, type WriteOnnxOptions, writeOnnxLoop } from '../../backends/onnx/write-onnx'
import { type Capture, capture, OutputSlot } from '../../backends/recorder/capture'
import { type Graph, leavesOf, parametersOf, sourcesOf } from '../../backends/recorder/graph'
import { mapReplaced } from '../../backends/recorder/tensor-tree'
import type { RowDType } from '../../checkpoints/checkpoint'
import type { Parameter } from '../../nn/parameter'
import { WeightsNotLoadedError } from '../../nn/weights-not-loaded-error'
import { warnOfNothingQuantized } from '../../quantization/nothing-quantized'
import type { WeightForms } from '../../quantization/quantization-names'
import { quantizeGraph } from '../../quantization/quantize-graph'
import { QuantizedParameter } from '../../quantization/quantized-parameter'
import { type StoredRows, storedRows } from '../../quantization/stored-rows'
import * as tf from '../../tensors/tf'
import type { ModelCall } from '../model-call'
import { GraphExecutionError, isOutOfMemory, ModelMemoryError, RuntimeEndedError } from './graph-errors'
import { LARGEST_FILE, type OptimizedModels } from './optimized-models'
import { RuntimeEnd, RuntimeFailure } from './runtime-errors'
import type { RuntimeProcess } from './runtime-process'
import { EXACT_PRODUCTS, productsSaturate } from './saturating-products'
import { sessionHost } from './session-host'
import type { SentTensor } from './session-messages'
import { SpilledWeights } from './spilled-weights'
import { WeightFiles } from './weight-files'
import { sessionLayout } from './weight-layout'

/** Names of a graph's tensors, in the order of the call's. */
interface GraphNames {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

let sessionCount = 0

/** How a session is made. */
export interface GraphSessionOptions extends BuilderOptions {
  /** Bytes of float32 that widening a large model's weights once may take; `undefined` if no weights may stay of half precision. */
  widenedBytes: number | undefined
  /** Where graphs that the runtime has optimised are kept; by default they are not. */
  optimizedModels: OptimizedModels | undefined
}

/** A session, from the moment it is asked for. If the process that holds it ends, the next use makes it again in another. */
export class GraphSession {
  /** Bytes of the weights, as they are in memory. */
  readonly bytes: number
  /** The form of each weight that the session holds in integers. */
  readonly forms: WeightForms
  /** All weights. */
  readonly weights: readonly Parameter[]
  private readonly id = sessionCount++
  private readonly model: string
  private readonly capture: Capture
  private readonly files: WeightFiles
  /** Weights that are in no file, if they are too large for the graph. */
  private readonly spilled: SpilledWeights | undefined
  /** The weights, as they were when the graph was made. */
  private readonly revisions: readonly (readonly [Parameter, number])[]
  private readonly writeOptions: WriteOnnxOptions
  /** What the graph calls its inputs and results; known once it has been written. */
  private names: GraphNames | undefined
  /** The graph as it was written, until a session is made of it. It is not kept: weights that are in no file are a part of it. */
  private written: Uint8Array | undefined
  private writing: Promise<void> | undefined
  private readonly options: InferenceSession.SessionOptions
  /** Whether it multiplies inputs of 8 bits by weights of 8 bits, which some processors do inexactly. */
  private readonly maySaturate: boolean
  private readonly optimizedModels: OptimizedModels | undefined
  /** The process that holds it. */
  private holder: RuntimeProcess | undefined
  private uses = 0
  /** Milliseconds that the process took for the last call. */
  private lastDuration: number | undefined
  /** Whether a process is making it, or the graph for that. No other graph is written then: the one that is used has its temporary file. */
  private isBeingMade = false
  private isReleased = false

  /**
   * Records the call.
   *
   * @throws what the model throws for these inputs, and what {@link capture} throws; WeightsNotLoadedError; WeightFileChangedError
   */
  constructor(
    call: ModelCall<unknown, unknown>,
    options: InferenceSession.SessionOptions,
    { widenedBytes: limit, optimizedModels, ...operators }: GraphSessionOptions,
  ) {
    this.model = classNameOf(call.model)
    const recorded = capture(call.model, call.inputs, call.forward, call.hookWeights)
    const quantized =
      call.quantization && quantizeGraph(recorded.graph, new Set(call.model.parameters()), call.quantization)
    const graph = quantized?.graph ?? recorded.graph
    this.capture = { ...recorded, graph }
    this.maySaturate = call.quantization === 'int8'
    const forms = quantized?.weights ?? new Map()
    this.forms = forms
    if (call.quantization && forms.size === 0) warnOfNothingQuantized(this.model, call.quantization)
    const weights = parametersOf(graph)
    this.weights = weights
    // Now, not when the graph is written: until then the weights would count as held.
    for (const { shape, isLoaded } of weights) if (!isLoaded) throw new WeightsNotLoadedError(shape)
    this.revisions = weights.map(weight => [weight, weight.revision] as const)
    const rows = new Map(weights.flatMap(weight => storedRowsOf(weight, forms)))
    const sources = [...sourcesOf(graph), ...[...rows.values()].flatMap(({ scales, values }) => [scales, values])]
    // Layers that take integers compute on maps in this order.
    const written = { ...operators, channelsLast: call.quantization === 'int8' || call.quantization === 'int4' }
    const { bytes, isLarge, halfWeights } = sessionLayout(graph, limit, forms, tiledWeights(graph, written))
    this.bytes = bytes
    const rounded = new Map([...forms].filter(([weight]) => !rows.has(weight)))
    const spilled = SpilledWeights.plan(
      weights.filter(weight => !rows.has(weight)),
      quantizedParameters(graph, rounded),
    )
    this.spilled = spilled
    this.files = new WeightFiles(this.model, sources, spilled?.file)
    this.writeOptions = {
      locate: info => this.files.locate(info),
      ...(spilled && {
        locateMemory: weight => ({ file: this.files.nameOf(spilled.file), ...spilled.placeOf(weight) }),
      }),
      locateQuantized: weight => this.placeOfQuantized(weight, rows.get(weight)),
      keepHalf: weight => halfWeights.has(weight),
      forms,
      ...written,
    }
    const extra = {
      session: {
        model_external_initializers_file_folder_path: this.files.folder,
        // What waits for the next operator leaves the processor to JavaScript soon after a run.
        'intra_op.spin_duration_us': '2000',
        // Work is shared out in small parts: threads are seldom equally fast.
        dynamic_block_base: '4',
      },
    }
    // A GPU would first hold those of a large model in two layouts. On the CPU, only those that are widened once get another one.
    this.options = { ...options, graphOptimizationLevel: isLarge && limit === undefined ? 'extended' : 'all', extra }
    this.optimizedModels = optimizedModels
  }

  /** Where the parts of a quantized weight lie: in the file of the model, or in the temporary one; `undefined` if they are to be a part of the graph. */
  private placeOfQuantized(weight: Parameter, stored: StoredRows | undefined) {
    const { files, spilled } = this
    if (stored) return { scales: files.locate(stored.scales), values: files.locate(stored.values) }
    if (spilled === undefined) return undefined
    const file = files.nameOf(spilled.file)
    const { scales, values } = spilled.placeOfQuantized(weight, this.forms.get(weight) as RowDType) // It is quantized.
    return { scales: { file, ...scales }, values: { file, ...values } }
  }

  /** Makes the session in the process, so that the next call finds it there. @throws what {@link run} throws */
  open(signal?: AbortSignal): Promise<void> {
    return this.whileInUse(async () => {
      await this.ensureWritten()
      const work = async (process: RuntimeProcess) => {
        if (!this.isReleased) await this.openIn(process)
      }
      await sessionHost.use(work, { signal })
    })
  }

  /** Computes the call for the tensors of its inputs, in their order. Settles when nothing of it is computed any more. @throws the reason of `signal` */
  async run(tensors: readonly tf.Tensor[], signal?: AbortSignal): Promise<unknown> {
    const results = await this.whileInUse(async () => {
      const values = await Promise.all(tensors.map(tensor => tensor.data()))
      await this.ensureWritten()
      const feeds = this.feedsOf(values as SentTensor['data'][])
      const expected = this.isMade && !this.isLost ? this.lastDuration : undefined
      return sessionHost.use(process => this.runIn(process, feeds, signal), { signal, expected })
    })
    signal?.throwIfAborted()
    return this.assemble(results)
  }

  private feedsOf(values: readonly SentTensor['data'][]): Record<string, SentTensor> {
    const { inputs } = this.names as GraphNames // The graph has been written.
    const feeds = this.capture.graph.inputs.map(({ value: { dtype, shape } }, i) => [
      inputs[i] as string,
      { dtype, shape, data: values[i] as SentTensor['data'] },
    ])
    return Object.fromEntries(feeds) as Record<string, SentTensor>
  }

  /** Writes the graph once before the session waits for its turn. */
  private async ensureWritten(): Promise<void> {
    if (!this.isMade && !this.isBeingMade) await this.writeOnce()
  }

  /** Writes the graph, unless it is there. Callers at one time share it: it has one temporary file. */
  private async writeOnce(): Promise<void> {
    if (this.written !== undefined) return
    this.writing ??= this.write().finally(() => {
      this.writing = undefined
    })
    await this.writing
  }

  /** Writes the graph in slices: to record it took a turn of the event loop as well. */
  private async write(): Promise<void> {
    await yieldToEventLoop()
    const { graph } = this.capture
    await this.spilled?.write()
    const proto = await runInSlices(writeOnnxLoop(graph, this.writeOptions))
    await yieldToEventLoop()
    this.names = {
      // Weights that are declared as inputs come behind those of the call.
      inputs: (proto.graph?.input ?? []).slice(0, graph.inputs.length).map(({ name }) => name),
      outputs: (proto.graph?.output ?? []).map(({ name }) => name),
    }
    this.written = encodeOnnx(proto)
  }

  private async runIn(
    process: RuntimeProcess,
    feeds: Readonly<Record<string, SentTensor>>,
    signal: AbortSignal | undefined,
  ): Promise<SentTensor[]> {
    await this.openIn(process)
    signal?.throwIfAborted()
    return this.explain('run', async () => {
      this.files.check()
      const begun = performance.now()
      const computed = await process.run(this.id, feeds, this.names?.outputs ?? [])
      this.lastDuration = performance.now() - begun
      // The runtime reads from the files while it computes.
      this.files.check()
      return computed
    })
  }

  /** Whether a call is being computed, or waits for that. */
  get isBusy(): boolean {
    return this.uses > 0
  }

  /** Whether the session computes with weights that the model no longer has. */
  get isStale(): boolean {
    return this.revisions.some(([weight, revision]) => weight.revision !== revision)
  }

  /** Whether the session has been made. It may have ended with its process since. */
  get isMade(): boolean {
    return this.holder !== undefined
  }

  /** Whether the session ended with its process. */
  get isLost(): boolean {
    return this.holder !== undefined && !this.holder.isAlive
  }

  /** Counts as one that is yet to be made, if it is lost. */
  renew(): void {
    if (this.isLost) this.holder = undefined
  }

  /** Releases the memory, once what is being computed is done. */
  release(): void {
    this.isReleased = true
    this.releaseIfDone()
  }

  /** Counts the session as busy until the work is done, also while that waits for its inputs: otherwise it could be dropped as one that is not in use. */
  private async whileInUse<T>(work: () => Promise<T>): Promise<T> {
    this.uses++
    try {
      return await work()
    } finally {
      this.uses--
      this.releaseIfDone()
    }
  }

  /** Makes the session from the graph that an earlier process has had optimised, or from this one. */
  private async openIn(process: RuntimeProcess): Promise<void> {
    if (this.holder === process) return
    this.isBeingMade = true
    try {
      await this.explain('prepared', async () => {
        this.files.check()
        await this.make(process)
        this.holder = process
        // The runtime has read from the files.
        this.files.check()
      })
    } finally {
      this.isBeingMade = false
    }
  }

  private make(process: RuntimeProcess): Promise<void> {
    return asActivity('session', this.model, { bytes: this.bytes }, () => this.makeAnew(process))
  }

  private async makeAnew(process: RuntimeProcess): Promise<void> {
    await this.writeOnce()
    try {
      await this.makeOf(process)
    } finally {
      await this.spilled?.remove()
    }
  }

  private async makeOf(process: RuntimeProcess): Promise<void> {
    const { optimizedModels } = this
    const options = await this.optionsFor(process)
    const model = this.written as unknown as Uint8Array // It has been written.
    this.written = undefined
    const create = (bytes: Uint8Array, changes: InferenceSession.SessionOptions = {}) =>
      process.create(this.id, bytes, { ...options, ...changes })
    // The weights are a part of the file, whose name tells them apart.
    if (optimizedModels === undefined || this.bytes > LARGEST_FILE || this.spilled) return create(model)
    const file = optimizedModels.fileOf(model, { options, weights: this.files.stamps })
    const known = await optimizedModels.read(file)
    // One that is damaged is made again.
    if (known && (await succeeds(create(known, { graphOptimizationLevel: 'disabled' })))) return
    const target = await optimizedModels.write(file)
    try {
      if (target && (await succeeds(create(model, { optimizedModelFilePath: target.temporary })))) await target.finish()
      // The runtime may have failed because it could not write the graph.
      else await create(model)
    } finally {
      await target?.remove()
    }
  }

  /** The options of the session. One with products of 8 bits may need others than the processor's fastest. */
  private async optionsFor(process: RuntimeProcess): Promise<InferenceSession.SessionOptions> {
    const { options } = this
    if (!this.maySaturate || !(await productsSaturate(process))) return options
    const { session, ...extra } = options.extra as { session: object }
    return { ...options, extra: { ...extra, session: { ...session, ...EXACT_PRODUCTS } } }
  }

  private releaseIfDone(): void {
    if (!this.isReleased || this.isBusy) return
    // A session that was never made has not read it, and Windows lets nobody remove it before.
    void this.spilled?.remove()
    if (this.holder === undefined) return
    sessionHost.release(this.holder, this.id)
    this.holder = undefined
  }

  /** Puts the results where the model had them. */
  private assemble(results: readonly SentTensor[]): unknown {
    return mapReplaced(this.capture.result, OutputSlot, ({ index }) => {
      const { dtype, shape, data } = results[index] as SentTensor
      return tf.tensor(data, [...shape], dtype)
    })
  }

  /** Does something with the runtime, and puts what fails into words. */
  private async explain<T>(doing: 'prepared' | 'run', work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RuntimeFailure || error instanceof RuntimeEnd)) throw error
      // A file that was cut off ends the process with a signal, or is refused.
      this.files.check()
      if (error instanceof RuntimeEnd) throw new RuntimeEndedError(this.model, doing, error.end, error)
      const reason = plainWords(error.message)
      if (isOutOfMemory(reason)) throw new ModelMemoryError(this.model, this.bytes, reason, error)
      throw new GraphExecutionError(this.model, doing, reason, error)
    }
  }
}

/** Where a weight is in integers, if the graph computes with it so. */
function storedRowsOf(weight: Parameter, forms: WeightForms): [Parameter, StoredRows][] {
  const form = forms.get(weight)
  const stored = form && storedRows(weight, form)
  return stored ? [[weight, stored]] : []
}

/** The weights of a graph that are to be rounded to integers, by the names that errors call them. */
function quantizedParameters(graph: Graph, forms: WeightForms): QuantizedParameter[] {
  return leavesOf(graph).flatMap(({ origin }) => {
    const form = origin.kind === 'parameter' ? forms.get(origin.parameter) : undefined
    if (origin.kind !== 'parameter' || form === undefined) return []
    return new QuantizedParameter(origin.parameter, form, { model: graph.model, weight: origin.name })
  })
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}

/** The runtime's words as a sentence, without the place in its own sources. */
function plainWords(message: string): string {
  const words = message.replace(/^\/onnxruntime_src\/.* was false\.\s*/s, '')
  return words.trim().replace(/[^.!?]$/, '$&.')
}

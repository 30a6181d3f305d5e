/** One call of a model, of one form, as a session of ONNX Runtime. */

import type { InferenceSession } from 'onnxruntime-common'
import { classNameOf } from '../../../src/format/class-name'
import type { BuilderOptions } from '../../backends/onnx/onnx-builder'
import { encodeOnnx, writeOnnx } from '../../backends/onnx/write-onnx'
import { type Capture, capture, OutputSlot } from '../../backends/recorder/capture'
import { parametersOf, sourcesOf } from '../../backends/recorder/graph'
import { mapReplaced } from '../../backends/recorder/tensor-tree'
import type { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { ModelCall } from '../model-call'
import { GraphExecutionError, isOutOfMemory, ModelMemoryError } from './graph-errors'
import type { OptimizedModels } from './optimized-models'
import { RuntimeFailure, sessionHost } from './session-host'
import type { PlainTensor } from './session-messages'
import { WeightFiles } from './weight-files'

/**
 * Bytes of weights as float32 beyond which a model is large. Of a large model, weights of half precision stay as they are in memory and are widened
 * as they are used, and the runtime is not let to bring any to another layout: it would take seconds and hold them twice.
 */
const LARGE_WEIGHTS = 2 ** 28

/**
 * Bytes of float32 that are spent on widening the largest weights of a large model once, at most a third of them: those cost the most to widen whenever
 * they are used.
 */
const WIDENED_BYTES = 2 ** 30

let count = 0

/** How a session is made. */
export interface GraphSessionOptions extends BuilderOptions {
  /** Whether weights of half precision may stay so in memory. */
  keepsHalf: boolean
  /** Where graphs that the runtime has optimised are kept; by default they are not. */
  optimizedModels: OptimizedModels | undefined
}

/** A session, from the moment it is asked for. */
export class GraphSession {
  /** Bytes of the weights, as they lie in memory. */
  readonly bytes: number
  private readonly id = count++
  private readonly losses = sessionHost.losses
  private readonly model: string
  private readonly capture: Capture
  private readonly files: WeightFiles
  /** The weights, as they were when the graph was made. */
  private readonly revisions: readonly (readonly [Parameter, number])[]
  /** What the graph calls its inputs and results. */
  private readonly names: { readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  private readonly graph: Uint8Array
  private readonly options: InferenceSession.SessionOptions
  private readonly optimizedModels: OptimizedModels | undefined
  private opening: Promise<void> | undefined
  private isOpen = false
  private runs = 0
  private isReleased = false

  /**
   * Records the call and writes it as a graph.
   *
   * @throws what the model throws for these inputs, and what {@link capture} throws; WeightFileChangedError
   */
  constructor(
    call: ModelCall<unknown, unknown>,
    options: InferenceSession.SessionOptions,
    { keepsHalf, optimizedModels, ...operators }: GraphSessionOptions,
  ) {
    this.model = classNameOf(call.model)
    this.capture = capture(call.model, call.inputs, call.forward)
    const { graph } = this.capture
    const weights = parametersOf(graph)
    this.revisions = weights.map(weight => [weight, weight.revision] as const)
    const sources = sourcesOf(graph)
    const { bytes, isLarge, keepHalf, widenedBytes } = weightLayout(weights, keepsHalf)
    this.bytes = bytes
    this.files = new WeightFiles(this.model, sources)
    const proto = writeOnnx(graph, { locate: info => this.files.locate(info), keepHalf, widenedBytes, ...operators })
    this.names = {
      // Weights that are declared as inputs come behind those of the call.
      inputs: (proto.graph?.input ?? []).slice(0, graph.inputs.length).map(({ name }) => name),
      outputs: (proto.graph?.output ?? []).map(({ name }) => name),
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
    this.graph = encodeOnnx(proto)
    this.options = { ...options, graphOptimizationLevel: isLarge ? 'extended' : 'all', extra }
    this.optimizedModels = optimizedModels
  }

  /** Settles when the runtime is ready. The first call hands the graph over to it. */
  open(): Promise<void> {
    if (this.opening === undefined) {
      this.opening = this.make().catch(error => {
        throw this.failure('made ready', error)
      })
      this.opening.then(
        () => {
          this.isOpen = true
        },
        // Whoever needs the session is told; nobody may.
        () => undefined,
      )
    }
    return this.opening
  }

  /** Makes the session from the graph that an earlier process has had optimised, or from this one. */
  private async make(): Promise<void> {
    const { graph: model, options, optimizedModels } = this
    const create = (bytes: Uint8Array, changes: InferenceSession.SessionOptions) =>
      sessionHost.create({ session: this.id, model: bytes, options: { ...options, ...changes } })
    if (optimizedModels === undefined) return create(model, {})
    const file = optimizedModels.fileOf(model, { options, weights: this.files.stamps })
    const known = await optimizedModels.read(file)
    // One that is damaged is made anew.
    if (known && (await succeeds(create(known, { graphOptimizationLevel: 'disabled' })))) return
    const target = await optimizedModels.write(file)
    await create(model, target ? { optimizedModelFilePath: target.temporary } : {})
    await target?.finish()
  }

  /** Whether a call is being computed. */
  get isBusy(): boolean {
    return this.runs > 0
  }

  /** Whether the session computes with weights that the model no longer has, or is lost with its thread. */
  get isStale(): boolean {
    return this.isLost || this.revisions.some(([weight, revision]) => weight.revision !== revision)
  }

  /** Computes the call for the tensors of its inputs, in their order. Nothing is made of the result once `signal` has fired. */
  async run(tensors: readonly tf.Tensor[], signal?: AbortSignal): Promise<unknown> {
    this.runs++
    try {
      await this.open()
      this.files.check()
      const feeds: Record<string, PlainTensor> = {}
      for (const [i, { value }] of this.capture.graph.inputs.entries()) {
        const data = (await (tensors[i] as tf.Tensor).data()) as PlainTensor['data']
        feeds[this.names.inputs[i] as string] = { dtype: value.dtype, shape: value.shape, data }
      }
      signal?.throwIfAborted()
      const results = await sessionHost.run({ session: this.id, feeds, fetches: this.names.outputs })
      signal?.throwIfAborted()
      return this.assemble(results)
    } catch (error) {
      throw this.failure('run', error)
    } finally {
      this.runs--
      this.releaseIfDone()
    }
  }

  /** Gives the memory back, once what is being computed is done. */
  release(): void {
    this.isReleased = true
    this.releaseIfDone()
  }

  private releaseIfDone(): void {
    if (!this.isReleased || this.isBusy) return
    const release = () => (this.isLost ? undefined : sessionHost.release({ session: this.id }))
    // At once where that can be, so that the memory is there for the session that is made next.
    const released = this.isOpen ? release() : this.opening?.then(release)
    released?.catch(() => undefined)
  }

  private get isLost(): boolean {
    return this.losses !== sessionHost.losses
  }

  /** Puts the results where the model had them. */
  private assemble(results: readonly PlainTensor[]): unknown {
    return mapReplaced(this.capture.result, OutputSlot, ({ index }) => {
      const { dtype, shape, data } = results[index] as PlainTensor
      return tf.tensor(data, [...shape], dtype)
    })
  }

  private failure(doing: 'made ready' | 'run', error: unknown): unknown {
    if (!(error instanceof RuntimeFailure)) return error
    const reason = plainWords(error.message)
    if (isOutOfMemory(reason)) return new ModelMemoryError(this.model, this.bytes, reason, error)
    return new GraphExecutionError(this.model, doing, reason, error)
  }
}

/** How weights lie in the memory of a session. */
interface WeightLayout {
  readonly bytes: number
  /** Whether they are many. */
  readonly isLarge: boolean
  /** Whether those of half precision stay so. */
  readonly keepHalf: boolean
  /** Bytes of float32 that are spent on widening some of those. */
  readonly widenedBytes: number
}

/** How the weights lie in memory. @param keepsHalf - whether some may stay of half precision */
export function weightLayout(weights: readonly Parameter[], keepsHalf: boolean): WeightLayout {
  const full = weights.reduce((sum, { bytes }) => sum + bytes, 0)
  const stored = weights.reduce((sum, { source, bytes }) => sum + (source ? source.end - source.begin : bytes), 0)
  const isLarge = full > LARGE_WEIGHTS
  const keepHalf = keepsHalf && isLarge
  const widenedBytes = Math.min(WIDENED_BYTES, full / 3)
  // Weights that are not of half precision lie there as they are stored.
  const extraBytes = Math.min(widenedBytes / 2, Math.max(0, full - stored))
  return { bytes: keepHalf ? stored + extraBytes : full, isLarge, keepHalf, widenedBytes }
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

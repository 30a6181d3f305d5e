/** One call of a model, of one form, as a session of ONNX Runtime. */

import type { InferenceSession } from 'onnxruntime-common'
import type { BuilderOptions } from '../../backends/onnx/onnx-builder'
import { encodeOnnx, writeOnnx } from '../../backends/onnx/write-onnx'
import { type Capture, capture, OutputSlot } from '../../backends/recorder/capture'
import { leavesOf } from '../../backends/recorder/graph'
import { flattenTree, mapReplaced } from '../../backends/recorder/tensor-tree'
import * as tf from '../../tensors/tf'
import type { ModelCall } from '../executor'
import { GraphExecutionError, isOutOfMemory, ModelMemoryError } from './graph-errors'
import { RuntimeFailure, sessionHost } from './session-host'
import type { PlainTensor } from './session-messages'
import { WeightFiles } from './weight-files'

/**
 * Bytes of weights as float32 beyond which a model is large. Of a large model, weights of half precision stay as they are in memory and are widened
 * as they are used, and the runtime is not let to bring any to another layout: it would take seconds and hold them twice.
 */
const LARGE_WEIGHTS = 2 ** 29

let count = 0

/** A session, from the moment it is asked for. */
export class GraphSession {
  /** Bytes of the weights, as they lie in memory. */
  readonly bytes: number
  /** Settles when the runtime is ready. */
  readonly ready: Promise<void>
  private readonly id = count++
  private readonly model: string
  private readonly capture: Capture
  private readonly files: WeightFiles
  private runs = 0

  /**
   * Records the call and hands it to the runtime.
   *
   * @throws what the model throws for these inputs, and what {@link capture} throws
   */
  constructor(
    call: ModelCall<unknown, unknown>,
    options: InferenceSession.SessionOptions,
    { keepsHalf, ...operators }: { keepsHalf: boolean } & BuilderOptions,
  ) {
    this.model = call.model.constructor.name
    this.capture = capture(call.model, call.inputs, call.forward)
    const { graph } = this.capture
    const weights = leavesOf(graph).flatMap(({ origin }) => (origin.kind === 'parameter' ? [origin.parameter] : []))
    const sources = weights.flatMap(({ source }) => source ?? [])
    const elements = weights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0)
    const isLarge = 4 * elements > LARGE_WEIGHTS
    const keepHalf = keepsHalf && isLarge
    this.bytes = keepHalf ? sources.reduce((sum, { begin, end }) => sum + end - begin, 0) : 4 * elements
    this.files = new WeightFiles(this.model, sources)
    const model = encodeOnnx(writeOnnx(graph, { locate: info => this.files.locate(info), keepHalf, ...operators }))
    const extra = {
      session: {
        model_external_initializers_file_folder_path: this.files.folder,
        // What waits for the next operator leaves the processor to JavaScript soon after a run.
        'intra_op.spin_duration_us': '2000',
      },
    }
    this.ready = sessionHost
      .create({
        session: this.id,
        model,
        options: { ...options, graphOptimizationLevel: isLarge ? 'extended' : 'all', extra },
      })
      .catch(error => {
        throw this.failure('made ready', error)
      })
    // Whoever needs the session is told; nobody may.
    this.ready.catch(() => undefined)
  }

  /** Whether a call is being computed. */
  get isBusy(): boolean {
    return this.runs > 0
  }

  /** Computes the call for the tensors in `inputs`. */
  async run(inputs: unknown): Promise<unknown> {
    this.runs++
    try {
      await this.ready
      this.files.check()
      const feeds: Record<string, PlainTensor> = {}
      const { graph } = this.capture
      const tensors = flattenTree(inputs).leaves.map(({ tensor }) => tensor as tf.Tensor)
      for (const [i, { name, value }] of graph.inputs.entries()) {
        const data = (await (tensors[i] as tf.Tensor).data()) as PlainTensor['data']
        feeds[name] = { dtype: value.dtype, shape: value.shape, data }
      }
      const fetches = graph.outputs.map(({ name }) => name)
      const results = await sessionHost.run({ session: this.id, feeds, fetches })
      return this.assemble(results)
    } catch (error) {
      throw this.failure('run', error)
    } finally {
      this.runs--
    }
  }

  /** Gives the memory back, once what is being computed is done. */
  release(): void {
    const release = () => sessionHost.release({ session: this.id })
    this.ready.then(release, () => undefined).catch(() => undefined)
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
    // The place in the runtime's own sources helps nobody here.
    const reason = error.message
      .replace(/^\/onnxruntime_src\/.* was false\.\s*/s, '')
      .trim()
      .replace(/[^.!?]$/, '$&.')
    if (isOutOfMemory(reason)) return new ModelMemoryError(this.model, this.bytes, reason, error)
    return new GraphExecutionError(this.model, doing, reason, error)
  }
}

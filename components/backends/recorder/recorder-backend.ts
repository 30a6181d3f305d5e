/** A backend of TensorFlow.js that computes nothing: it writes down each kernel with its attributes and shapes. */
import type { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import {
  type ConstantValues,
  type GraphDType,
  type GraphNode,
  type GraphValue,
  isGraphDType,
  type TensorSpec,
} from './graph'
import { inferences } from './kernels'
import { type Infer, UnsupportedForm } from './kernels/inference'
import { RecordedValueError, UnsupportedKernelError } from './recording-errors'

/** The name under which TensorFlow.js knows the recorder. Its registry is one for all copies of this package in a process, of which each has a recorder. */
let recorderName = 'recorder'

/** The model that is being recorded. */
export class Recording {
  readonly nodes: GraphNode[] = []
  /** State-dict names of the layers that run, outermost first. */
  readonly layers: string[] = []
  private readonly parameters = new Map<Parameter, GraphValue>()
  private readonly names: ReadonlyMap<Parameter, string>

  constructor(
    /** Class of the model. */
    readonly model: string,
    parameters: Iterable<readonly [string, Parameter]>,
  ) {
    this.names = new Map([...parameters].map(([name, parameter]) => [parameter, name]))
  }

  /** The layer that runs now; empty for the model itself. */
  get layer(): string {
    return this.layers.at(-1) ?? ''
  }

  /** A weight as layers use it. */
  parameter(parameter: Parameter): GraphValue {
    const known = this.parameters.get(parameter)
    if (known) return known
    const name = this.names.get(parameter) ?? `parameter.${this.parameters.size}`
    const { shape, permutation } = parameter
    const stored: GraphValue = { shape, dtype: 'float32', origin: { kind: 'parameter', name, parameter } }
    const value = permutation ? (this.run('Transpose', { x: stored }, { perm: permutation })[0] as GraphValue) : stored
    this.parameters.set(parameter, value)
    return value
  }

  /** Writes down one kernel. @throws UnsupportedKernelError */
  run(kernel: string, inputs: Readonly<Record<string, GraphValue>>, attrs: GraphNode['attrs']): readonly GraphValue[] {
    const infer = inferences[kernel]
    if (infer === undefined) throw new UnsupportedKernelError(kernel, this.model, this.layer)
    const specs = [this.infer(kernel, infer, inputs, attrs)].flat() as TensorSpec[]
    const outputs: GraphValue[] = []
    const node: GraphNode = { kernel, layer: this.layer, inputs, attrs, outputs }
    specs.forEach(({ shape, dtype }, index) => {
      outputs.push({ shape, dtype, origin: { kind: 'node', node, index } })
    })
    this.nodes.push(node)
    return outputs
  }

  private infer(kernel: string, infer: Infer, inputs: GraphNode['inputs'], attrs: GraphNode['attrs']) {
    try {
      return infer(inputs, attrs)
    } catch (error) {
      if (error instanceof UnsupportedForm)
        throw new UnsupportedKernelError(kernel, this.model, this.layer, error.message)
      throw error
    }
  }
}

/** Kernels that give a list, also of one. */
const LISTS = ['SplitV', 'Unpack']

/** Holds a value for each tensor that the model makes while it is recorded. */
class RecorderBackend extends tf.KernelBackend {
  recording: Recording | undefined
  private values = new WeakMap<object, GraphValue>()
  private count = 0

  /** Gives a value a tensor's identity. */
  hold(value: GraphValue): tf.TensorInfo {
    const dataId = {}
    this.values.set(dataId, value)
    this.count++
    return { dataId, shape: [...value.shape], dtype: value.dtype }
  }

  /** The value behind a tensor. One that was made before the recording is a constant of the model. */
  valueBehind(tensor: tf.TensorInfo): GraphValue {
    const value = this.values.get(tensor.dataId)
    if (value) return value
    const values = (tensor as tf.Tensor).dataSync() as ConstantValues // Kernels are given tensors; strings are refused below.
    return this.constant(values, tensor.shape, tensor.dtype)
  }

  /** The recording that is under way. */
  get active(): Recording {
    if (this.recording === undefined)
      throw new UnsupportedKernelError('recorder', 'the backend', '', 'works only inside capture()')
    return this.recording
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    return this.hold(this.constant(values as ConstantValues, shape, dtype)).dataId as tf.DataId
  }

  override move(dataId: tf.DataId, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    this.values.set(dataId, this.constant(values as ConstantValues, shape, dtype))
    this.count++
  }

  override read(): never {
    throw new RecordedValueError(this.active.model, this.active.layer)
  }

  override readSync(): never {
    return this.read()
  }

  override disposeData(dataId: object): boolean {
    if (this.values.delete(dataId)) this.count--
    return true
  }

  override incRef(): void {}

  override refCount(): number {
    return 1
  }

  override numDataIds(): number {
    return this.count
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false }
  }

  override floatPrecision(): 32 {
    return 32
  }

  override epsilon(): number {
    return 1e-7
  }

  private constant(values: ConstantValues, shape: readonly number[], dtype: tf.DataType): GraphValue {
    if (!isGraphDType(dtype)) {
      const { model, layer } = this.active
      throw new UnsupportedKernelError('Constant', model, layer, `holds elements of type ${dtype}`)
    }
    // Copied: the model may continue writing into what it gave.
    return { shape: [...shape], dtype, origin: { kind: 'constant', values: values.slice() } }
  }
}

let backend: RecorderBackend | undefined

/** The recorder, known to TensorFlow.js from the first call on. */
function recorderBackend(): RecorderBackend {
  if (backend) return backend
  const made = new RecorderBackend()
  for (let copy = 2; tf.findBackendFactory(recorderName) != null; copy++) recorderName = `recorder-${copy}`
  tf.registerBackend(recorderName, () => made, 0)
  for (const kernelName of Object.keys(inferences)) {
    tf.registerKernel({
      kernelName,
      backendName: recorderName,
      kernelFunc: ({ inputs, attrs }) => {
        const values = Object.entries(inputs)
          .filter(([, tensor]) => tensor != null)
          .map(([name, tensor]) => [name, made.valueBehind(tensor as tf.TensorInfo)])
        const outputs = made.active.run(kernelName, Object.fromEntries(values), { ...attrs })
        const held = outputs.map(value => made.hold(value))
        return LISTS.includes(kernelName) ? held : (held[0] as tf.TensorInfo)
      },
    })
  }
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (kernelName in inferences) continue
    const kernelFunc = () => {
      throw new UnsupportedKernelError(kernelName, made.active.model, made.active.layer)
    }
    tf.registerKernel({ kernelName, backendName: recorderName, kernelFunc })
  }
  backend = made
  return made
}

/** What can be done while a recording is under way. */
export interface RecordingTools {
  /** A tensor without numbers for a value. */
  tensorOf(value: GraphValue): tf.Tensor
  /** The value behind a tensor. */
  valueBehind(tensor: tf.Tensor): GraphValue
}

/**
 * Makes the recorder TensorFlow.js's backend while `action` runs, which must not be asynchronous, and the former one again
 * afterwards, whatever happens. Tensors that are made meanwhile are disposed.
 */
export function record<T>(recording: Recording, action: (tools: RecordingTools) => T): T {
  const recorder = recorderBackend()
  const former = tf.getBackend()
  // For a backend that is registered with an instance, setBackend() is done when it returns its promise.
  void tf.setBackend(recorderName)
  recorder.recording = recording
  const tensorOf = (value: GraphValue) => {
    const { dataId, shape, dtype } = recorder.hold(value)
    return tf.engine().makeTensorFromDataId(dataId as tf.DataId, shape, dtype as GraphDType, recorder)
  }
  try {
    let result!: T
    tf.tidy(() => {
      result = action({ tensorOf, valueBehind: tensor => recorder.valueBehind(tensor) })
    })
    return result
  } finally {
    recorder.recording = undefined
    if (former) void tf.setBackend(former)
  }
}

/** What the models that the container supplies have in common. Counterpart: models/modeling_utils.py (ModelMixin). */
import { pathOf } from '../../src/files/path-of'
import { classNameOf } from '../../src/format/class-name'
import type { CallDemand, CallGuard, ManagedModel, ModelMemory } from '../../src/manager/managed-model'
import { type Placement, type PlacementArguments, readPlacement } from '../../src/manager/placement'
import { COMPONENT_DTYPES, type SavableComponent, type SavePretrainedOptions } from '../../src/params/component-class'
import { asActivity } from '../../src/telemetry/ongoing-activity'
import type { TensorInfo } from '../checkpoints/checkpoint'
import { floatDType, TORCH_DTYPES } from '../checkpoints/weight-dtypes'
import { isWeightFile } from '../checkpoints/weight-names'
import type { RawConfig } from '../configs/parse-config'
import { eagerExecutor } from '../executors/eager-executor'
import type { Executor, ModelRunOptions } from '../executors/executor'
import { executorOn } from '../executors/executor-on'
import { WeightFiles } from '../executors/graph/weight-files'
import type { ModelCall } from '../executors/model-call'
import { Module } from '../nn/module'
import { WeightsNotLoadedError } from '../nn/weights-not-loaded-error'
import { QuantizationUnavailableError } from '../quantization/quantization-errors'
import { QUANTIZATION_CHOICES, QUANTIZATIONS, type Quantization } from '../quantization/quantization-names'
import type { ModelFunction } from './call-size'
import { DecodedWeights, type DecodeWeightsOptions } from './decoded-weights'
import { warnOfHalfPrecision } from './half-precision'
import { hookedCall, hookedForm } from './hooks/hooked-call'
import type { BatchHook } from './hooks/module-hook'
import { type ModelLayout, relocateWeights, saveModel } from './save-pretrained'

/** Options of one call of a model. */
export interface ModelCallOptions extends ModelRunOptions {
  /** Change what parts of the model compute in this call. */
  hooks?: readonly BatchHook[] | undefined
}

/** Options of a call whose function uses the weights of other models as well. */
interface ExecuteOptions extends ModelCallOptions {
  /** Those models. Their memory is not counted as this model's. */
  beside?: readonly Module[] | undefined
}

/** A model that is called through an executor. What it computes is the same whichever that is. */
export abstract class PretrainedModel extends Module implements ManagedModel, SavableComponent {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'PretrainedModel'

  /** What weights can be cast to. Whatever they are, models compute in float32. */
  static readonly dtypes = COMPONENT_DTYPES
  /** How weights can be quantized. */
  static readonly quantizations = QUANTIZATION_CHOICES
  /** The settings, complete and frozen; none in a model that is made without. */
  readonly config: RawConfig = {}
  /** The release of diffusers that saved the config; `undefined` if it is unknown. */
  diffusersVersion: string | undefined
  /** How the weights are stored in the folder that the model was loaded from; `undefined` if they are not quantized there. */
  storedQuantization: Quantization | undefined
  private runsOn: Executor = eagerExecutor
  private quantizedTo: Quantization | undefined
  private guard: CallGuard | undefined
  private readonly weightsOfHooks = new Set<Module>()
  private decoded: DecodedWeights | undefined

  /** What the model computes, by the names that follow that of the component when it is exported: `''` for the only function. */
  get functions(): Readonly<Record<string, ModelFunction>> {
    return {}
  }

  /** What computes the model's calls. A new model computes eagerly. */
  get executor(): Executor {
    return this.runsOn
  }

  /** How the weights are quantized where the model computes; `undefined` if they are not. Those that are saved are the original ones. */
  get quantization(): { readonly method: Quantization } | undefined {
    return this.quantizedTo && { method: this.quantizedTo }
  }

  /**
   * Quantizes the weights for the calls from now on, or no longer does. The model keeps its original weights in its files; the executor quantizes them
   * tensor by tensor when a call needs them.
   *
   * @throws QuantizationUnavailableError if the executor computes in no such form
   */
  quantize(quantization: Quantization | undefined): this {
    requireQuantization(this, quantization, this.runsOn)
    if (quantization !== this.quantizedTo) this.runsOn.release(this)
    this.quantizedTo = quantization
    return this
  }

  /**
   * Lets another executor compute the calls from now on; what the former one held for this model is released.
   *
   * @throws QuantizationUnavailableError for a quantized model if the executor computes in no such form
   */
  useExecutor(executor: Executor): this {
    requireQuantization(this, this.quantizedTo, executor)
    if (executor !== this.runsOn) this.runsOn.release(this)
    this.runsOn = executor
    if (this.guard) executor.limitMemory(this.guard.limit)
    return this
  }

  /**
   * Moves the model to another device, casts its weights, or both: `await unet.to('webgpu')`, `await unet.to('float16')`. On a device that computes
   * graphs the weights are read from their files again. Weights that are cast to half precision are rounded, stay so when they are cast back, and are saved as
   * such; calls compute in float32 all the same. No call should be under way.
   *
   * @param target `cpu`, `cuda`, `webgpu`, or what `device` of another model says; or a dtype
   * @throws InputTypeError for arguments that make no sense; UnknownValueError for a name that no device has; DeviceUnavailableError for one that is not
   * here; WeightsNotLoadedError; WeightFileChangedError. Nothing has changed then.
   */
  async to(...target: PlacementArguments): Promise<this> {
    const place = await this.preparePlacement(readPlacement(target))
    place()
    return this
  }

  async preparePlacement({ device, dtype }: Placement): Promise<() => void> {
    const parameters = this.parameters()
    if (dtype) requireWeights(this, classNameOf(this))
    const executor = device === undefined ? this.runsOn : await executorOn(device, this.runsOn)
    requireQuantization(this, this.quantizedTo, executor)
    const leavesWeights = executor !== this.runsOn && executor.readsWeights
    if (leavesWeights) {
      this.checkFiles(parameters.map(({ origin }) => origin))
      await this.decodeWeights()
    }
    return () => {
      if (leavesWeights) this.offload()
      this.useExecutor(executor)
      warnOfHalfPrecision(dtype, executor)
      if (dtype) for (const parameter of parameters) parameter.castTo(floatDType(dtype))
    }
  }

  /**
   * Writes the model into a folder, as a whole or not at all: `config.json` and the weights, of the type that they are of. Those that were not cast keep
   * the bytes of the files that they were loaded from, those of integers too. With `{ quantization: 'int8' }` those that are quantized for computing are written so, one at a
   * time. Saving over the folder that the model was loaded from is allowed; other models that leave their weights in its files must be
   * loaded again.
   *
   * @throws UnknownValueError, UnquantizableModelError, UnquantizableWeightError for weights that cannot be quantized; WeightsNotLoadedError,
   * InvalidByteSizeError, InvalidVariantError, UnsafeSerializationError, UnwritableFileError; SafetensorsError where the weights are in a
   * file that was written to since; the reason of `options.signal`
   */
  savePretrained(folder: string | URL, options?: SavePretrainedOptions): Promise<void> {
    return saveModel(this, this.layout, pathOf(folder, 'folder'), options)
  }

  get savesVariants(): boolean {
    return true
  }

  get savedQuantizations(): readonly Quantization[] {
    return QUANTIZATIONS
  }

  replacesFile(file: string, { variant }: SavePretrainedOptions): boolean {
    return isWeightFile(file, { weightsName: this.layout.weightsName, variant })
  }

  savedTo(folder: string, options: SavePretrainedOptions): Promise<void> {
    return relocateWeights(this, this.layout, folder, options)
  }

  /** Element type of most weights: that of their files, or what they were cast to. Calls compute in float32. */
  get dtype(): string {
    const counts = new Map<string, number>()
    for (const { dtype, size } of this.parameters()) {
      const name = TORCH_DTYPES[dtype]
      counts.set(name, (counts.get(name) ?? 0) + size)
    }
    return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'float32'
  }

  /** What computes the calls: a backend of TensorFlow.js, or ONNX Runtime with its provider. */
  get device(): string {
    return this.runsOn.backend
  }

  /** Loads and offloads the weights. */
  get memory(): ModelMemory {
    return this.runsOn.memory
  }

  /**
   * Bytes of the weights where the model computes, with those of hooks that its calls have used and that are still loaded. Calls of several forms may each
   * take as much.
   */
  get memoryFootprint(): number {
    return this.runsOn.weightBytes(this, this.hookWeights, this.quantizedTo)
  }

  /** Bytes of weights that are in memory now: as tensors, and as what the executor holds. Those of hooks count too. */
  get residentBytes(): number {
    const parameters = [this, ...this.hookWeights].flatMap(module => module.parameters())
    const tensors = parameters.filter(({ isInMemory }) => isInMemory)
    return tensors.reduce((sum, { bytes }) => sum + bytes, this.runsOn.heldBytes(this))
  }

  /** Whether all weights come from files, from which they can be read again. */
  get canOffload(): boolean {
    return this.parameters().every(({ origin }) => origin !== undefined)
  }

  get callGuard(): CallGuard | undefined {
    return this.guard
  }

  /**
   * Releases the memory of the weights, also of those of hooks, which are read again when a call needs them. Does nothing if some of the model's own came
   * from no file; weights of hooks that came from none stay.
   */
  offload(): void {
    if (!this.canOffload) return
    this.runsOn.release(this)
    for (const module of [this, ...this.hookWeights]) for (const parameter of module.parameters()) parameter.offload()
  }

  /** Lets something decide when calls may begin. A manager of memory does so. */
  guardCalls(guard: CallGuard | undefined): void {
    this.guard = guard
    if (guard) this.runsOn.limitMemory(guard.limit)
  }

  /**
   * Decodes weights that lie quantized in their file, for executors that read weights from files: into a temporary file, which is removed with the model.
   * Does nothing for a model without such weights.
   *
   * @throws UnwritableFileError, e.g. for a full disk; WeightFileError; the reason of `signal`
   */
  async decodeWeights(options?: DecodeWeightsOptions): Promise<void> {
    const earlier = this.decoded
    const decoded = await DecodedWeights.of(this, options)
    if (decoded === undefined) return
    this.decoded = decoded
    earlier?.dispose()
  }

  override dispose(): void {
    this.runsOn.release(this)
    super.dispose()
    this.decoded?.dispose()
    this.decoded = undefined
  }

  /** How the class is on disk; by default as diffusers' models do. */
  protected get layout(): ModelLayout {
    return { weightsName: 'diffusion_pytorch_model' }
  }

  /** Computes a function of this model on the executor. */
  protected async execute<I, O>(
    method: string,
    forward: (inputs: I) => O,
    inputs: I,
    { hooks = [], beside = [], ...options }: ExecuteOptions = {},
  ): Promise<O> {
    for (const model of beside) requireWeights(model, classNameOf(model))
    const call = { ...this.callOf(method, forward, inputs), ...(beside.length > 0 && { hookWeights: beside }) }
    return asActivity('model', classNameOf(this), { method }, () => this.runWithHooks(call, hooks, options))
  }

  /** Computes a call with the hooks that are set, and makes sure that their weights are loaded. */
  private async runWithHooks<I, O>(
    call: ModelCall<I, O>,
    hooks: NonNullable<ExecuteOptions['hooks']>,
    options: ModelRunOptions,
  ): Promise<O> {
    if (hooks.length === 0) return this.run(call, options)
    for (const { name, weights } of hooks) {
      if (weights === undefined) continue
      requireWeights(weights, `the hook "${name}" of ${classNameOf(this)}`)
      this.weightsOfHooks.add(weights)
    }
    const hooked = hookedCall(call, hooks)
    try {
      return await this.run(hooked, options)
    } finally {
      hooked.dispose()
    }
  }

  private callOf<I, O>(method: string, forward: (inputs: I) => O, inputs: I) {
    const { quantizedTo: quantization } = this
    return { model: this, method, forward, inputs, ...(quantization && { quantization }) }
  }

  /** Lets the executor get ready for calls of this form, in which placeholders may replace tensors, until `signal` fires. */
  protected makeReady<I>(
    method: string,
    forward: (inputs: I) => unknown,
    inputs: I,
    { hooks = [], beside = [], ...options }: ExecuteOptions = {},
  ): void {
    const plain = { ...this.callOf(method, forward, inputs), ...(beside.length > 0 && { hookWeights: beside }) }
    // What is made ready is not called with these inputs.
    const call = (hooks.length === 0 ? plain : hookedForm(plain, hooks)) as unknown as ModelCall<never, unknown>
    const executor = this.runsOn
    // Others are not to leave memory for what may wait.
    const leave = this.guard ? this.guard.tryEnter(this, this.demandOf(call)) : () => undefined
    if (leave) executor.prepare(call, options).finally(() => leaveWhenIdle(executor, this, leave))
  }

  /** Lets the executor compute a call, as soon as the weights may be in memory. */
  private async run<I, O>(call: ModelCall<I, O>, options: ModelRunOptions): Promise<O> {
    const { guard } = this
    if (guard === undefined) return this.runsOn.run(call, options)
    const leave = await guard.enter(this, this.demandOf(call as unknown as ModelCall<never, unknown>), options.signal)
    const executor = this.runsOn
    try {
      if (!executor.readsWeights) await this.fetchWeights(call.hookWeights ?? [], options.signal)
      return await executor.run(call, options)
    } finally {
      // A call that was given up may still be computed.
      leaveWhenIdle(executor, this, leave)
    }
  }

  private demandOf(call: ModelCall<never, unknown>): CallDemand {
    return { form: this.runsOn.formOf(call), bytes: () => this.runsOn.missingBytes(call) }
  }

  /**
   * Reads the weights that are in their files, one tensor at a time.
   *
   * @throws WeightFileChangedError for a file that is not what it was when the model was loaded; SafetensorsError; the reason of `signal`
   */
  private async fetchWeights(hookWeights: readonly Module[], signal: AbortSignal | undefined): Promise<void> {
    const parameters = [this, ...hookWeights].flatMap(module => module.parameters())
    const absent = parameters.filter(({ isInMemory, isLoaded }) => !isInMemory && isLoaded)
    this.checkFiles(absent.map(({ origin }) => origin))
    for (const parameter of absent) {
      signal?.throwIfAborted()
      await parameter.fetch()
    }
  }

  /** Weights of hooks that calls have used, and that nobody has disposed. */
  private get hookWeights(): Module[] {
    for (const weights of this.weightsOfHooks) {
      if (!weights.parameters().some(({ isLoaded }) => isLoaded)) this.weightsOfHooks.delete(weights)
    }
    return [...this.weightsOfHooks]
  }

  /** Makes sure that files are what they were when the model was loaded. @throws WeightFileChangedError */
  private checkFiles(tensors: readonly (TensorInfo | undefined)[]): void {
    new WeightFiles(
      classNameOf(this),
      tensors.filter(tensor => tensor !== undefined),
    ).check()
  }
}

/** @throws QuantizationUnavailableError if an executor does not compute with weights that are quantized so */
function requireQuantization(
  model: PretrainedModel,
  quantization: Quantization | undefined,
  { quantizations, backend }: Executor,
): void {
  if (quantization === undefined || quantizations.includes(quantization)) return
  throw new QuantizationUnavailableError(classNameOf(model), quantization, backend)
}

/** @param model - what the module is called in the error @throws WeightsNotLoadedError */
function requireWeights(module: Module, model: string): void {
  for (const [weight, { isLoaded, shape }] of module.namedParameters()) {
    if (!isLoaded) throw new WeightsNotLoadedError(shape, { weight, model })
  }
}

function leaveWhenIdle(executor: Executor, model: PretrainedModel, leave: () => void): void {
  executor.whenIdle(model).then(leave)
}

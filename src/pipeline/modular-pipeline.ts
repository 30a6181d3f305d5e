/** Blocks with the components they need: the thing that runs. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */
import { ComponentContainer } from '../container/component-container'
import { documentBlock } from '../documentation/doc'
import { ComponentLoadError } from '../errors/component-load-error'
import { ComponentTypeError } from '../errors/component-type-error'
import { InputTypeError } from '../errors/input-type-error'
import { InvalidOutputError } from '../errors/invalid-output-error'
import { MissingComponentError } from '../errors/missing-component-error'
import { ModelIndexError } from '../errors/model-index-error'
import type { ModularError } from '../errors/modular-error'
import { nearestName } from '../errors/nearest-name'
import { PipelineAbortError } from '../errors/pipeline-abort-error'
import { PipelineValidationError } from '../errors/pipeline-validation-error'
import { kindOf } from '../errors/text'
import { UnknownValueError } from '../errors/unknown-value-error'
import type { RepositoryOptions } from '../hub/repository-resolver'
import type { FromPretrainedOptions } from '../params/component-class'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import { explainMismatch } from '../params/schema'
import type {
  AnyOptions,
  InputsOf,
  NoArguments,
  OutputChoice,
  OutputChosen,
  OutputName,
  SaidType,
  ValuesOf,
  WideOutput,
} from '../params/typed-io'
import { activeRun, outsideRuns, withActiveRun } from '../runtime/active-run'
import { componentsPrototype, makeComponents } from '../runtime/components'
import type { EventListener } from '../runtime/events'
import { executeBlock } from '../runtime/execute'
import { isPromise, type MaybePromise } from '../runtime/maybe-promise'
import { Run } from '../runtime/run'
import type { PipelineState } from '../state/pipeline-state'
import type { BlockNode } from '../wiring/block-node'
import { checkCall } from '../wiring/check-call'
import { type Explanation, explain } from '../wiring/explain'
import { validateBlocks } from '../wiring/validate'
import { type FilledState, fillState, unknownInputMessage } from './fill-state'
import { type ModelIndex, readModelIndex } from './model-index'
import { PipelineStream } from './pipeline-stream'

/** The token under which a container holds what computes the models. */
const EXECUTOR = 'executor'

/** Blocks that a pipeline can keep a private copy of. */
export interface PipelineBlocks extends BlockNode {
  clone(): this
}

/** Options of `initPipeline()`. */
export interface InitPipelineOptions extends Pick<RepositoryOptions, 'revision' | 'cacheDir'> {
  /** Supplies components that the pipeline does not hold itself; the pipeline's own container is a child of it. */
  container?: ComponentContainer
}

/** The values that a pipeline is called with, by name. */
export type PipelineInputs = Readonly<Record<string, unknown>>

/** Options of one call. */
export interface CallOptions {
  /** Name of the value to return, or a list of names; without it, the whole state is returned. */
  output?: string | readonly string[]
  /** Values to start from. The state itself is not changed. */
  state?: PipelineState
  /** Stops the run between blocks and loop steps. */
  signal?: AbortSignal
  /** Told what happens, as it happens. */
  onEvent?: EventListener
  /** Seed of the run's random numbers. */
  seed?: number
  /** Looks at the numbers that each block makes, and stops at the first that are not finite. Costs time. */
  checkNumerics?: boolean
  /** Keeps the tensors in the state of a cancelled run alive, for the caller to dispose. */
  keepStateOnAbort?: boolean
}

/** Options of `loadComponents()`. */
export interface LoadComponentsOptions extends Omit<FromPretrainedOptions, 'subfolder' | 'className'> {
  /** Which components to load; by default all that are not there yet. Named ones are loaded again. */
  names?: readonly string[]
}

/** Options of one call that asks for `O`. */
export type CallOptionsFor<O> = Omit<CallOptions, 'output'> & { output?: O }

declare const KNOWN: unique symbol

/** How a pipeline is called that takes the inputs `I` and has the values `V` when it ends. */
interface PipelineCalls<I, V> {
  // A method, so that a pipeline whose inputs are known may be passed on as any pipeline.
  call: {
    method<const O extends OutputChoice<V> = undefined>(
      inputs: I,
      options?: CallOptionsFor<O>,
    ): Promise<OutputChosen<V, O, PipelineState>>
    method(this: NoArguments<I>): Promise<PipelineState>
    method<T = unknown, N extends string = string>(
      inputs: I,
      options: CallOptionsFor<readonly (N & OutputName<V, N>)[]> & { output: unknown },
    ): Promise<Record<string, SaidType<V, T>>>
    method<T = unknown>(this: AnyOptions<V>, inputs: I, options: CallOptions): Promise<T>
    method<T = unknown, N extends string = string>(
      inputs: I,
      options: CallOptionsFor<N & OutputName<V, N>> & { output: unknown },
    ): Promise<SaidType<V, T>>
    method<const O extends CallOptions['output']>(
      inputs: I,
      options: CallOptionsFor<O & WideOutput<O>>,
    ): Promise<unknown>
    // The last of them is the one that the compiler speaks of when none fits.
    method(inputs: I, options: CallOptionsFor<keyof V & string>): Promise<unknown>
  }['method']
}
type PipelineCall<I, V> = PipelineCalls<I, V>['call']

/**
 * A pipeline is called like a function: `await pipe({ prompt: 'red apple' }, { output: 'images' })`. Of blocks that the compiler knows, it checks the
 * names and types of the inputs, and says of which type the outputs are ({@link InputsOf}); `pipe<Image[]>(…)` says it in its place.
 */
export interface ModularPipeline<B extends PipelineBlocks = PipelineBlocks, I = InputsOf<B>, V = ValuesOf<B>>
  extends PipelineCall<I, V> {
  /** For the compiler alone: that a pipeline whose values are known may be passed on as any pipeline. */
  readonly [KNOWN]?: readonly [Partial<I>, Partial<V>]
}

/**
 * A private copy of a tree of blocks, a container with its components, and its settings. One pipeline serves any number of concurrent calls.
 *
 * ```ts
 * const pipe = new TextToImageBlocks().initPipeline('models/emoji')
 * await pipe.loadComponents()
 * const images = await pipe<Image[]>({ prompt: 'red apple' }, { output: 'images', seed: 1 })
 * ```
 */
// biome-ignore lint/correctness/noUnusedVariables: both declarations of the pipeline must have the same parameters
export class ModularPipeline<B extends PipelineBlocks = PipelineBlocks, I = InputsOf<B>, V = ValuesOf<B>> {
  /** Supplies the components of this pipeline. */
  declare readonly container: ComponentContainer
  /** Settings by name: those of the model folder where it states them, else the defaults of the blocks. */
  declare readonly config: Readonly<Record<string, unknown>>
  declare private readonly tree: B
  declare private readonly specs: ReadonlyMap<string, ComponentSpec>
  declare private readonly source: ModelIndex | undefined
  declare private readonly prototype: object
  // The tree is private and never changes, so what it takes is worked out once.
  declare private readonly inputs: readonly InputParam[]

  constructor(blocks: B, source?: string, options: InitPipelineOptions = {}) {
    validateBlocks(blocks)
    const index = source === undefined ? undefined : readModelIndex(source, options)
    const tree = blocks.clone()
    const specs = collectSpecs(tree.expectedComponents, index, options.revision)
    const settings = tree.expectedConfigs.map(spec => [spec.name, readSetting(spec, index)])
    const config = Object.freeze(Object.fromEntries(settings) as Record<string, unknown>)

    const pipe = ((inputs: PipelineInputs = {}, call: CallOptions = {}) => pipe.run(inputs, call)) as unknown as this
    Object.setPrototypeOf(pipe, new.target.prototype)
    Object.assign(pipe, {
      container: (options.container ?? ComponentContainer.create()).createChild(),
      config,
      tree,
      specs,
      source: index,
      inputs: tree.inputs,
      prototype: componentsPrototype([...specs.keys(), ...Object.keys(config)]),
    })
    // A pipeline that is made inside a run outlives it.
    outsideRuns(() => pipe.createFromConfig())
    // A class cannot be called, so what `new` gives is a function that has this class's methods.
    // biome-ignore lint/correctness/noConstructorReturn: that is the way to make a callable object
    return pipe
  }

  /** A copy of the blocks: changing it does not change the pipeline. */
  get blocks(): B {
    return this.tree.clone()
  }

  /** Documentation made from the blocks. */
  get doc(): string {
    return documentBlock(this.tree)
  }

  /** The components that are there, by name; `undefined` for those that are not. */
  get components(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      [...this.specs.keys()].map(name => [
        name,
        this.container.isRegistered(name) ? this.container.resolve(name) : undefined,
      ]),
    )
  }

  /** Names of the components that nobody has supplied yet. */
  get missingComponentNames(): readonly string[] {
    return [...this.specs.keys()].filter(name => !this.container.isRegistered(name))
  }

  /** How a component is asked for, and where it would be loaded from. */
  getComponentSpec(name: string): ComponentSpec | undefined {
    return this.specs.get(name)
  }

  /** Replaces components: `pipe.updateComponents({ scheduler: EulerDiscreteScheduler.fromConfig(old.config) })`.
   * @throws UnknownValueError for a name that no block asks for; ComponentTypeError for one of another class than the blocks ask for */
  updateComponents(components: Readonly<Record<string, unknown>>): this {
    for (const [name, value] of Object.entries(components)) {
      const issue = wrongClass(this.requireSpec(name), value, [])
      if (issue) throw issue
    }
    for (const [name, value] of Object.entries(components)) this.container.register(name, { useValue: value })
    return this
  }

  /**
   * Loads the components that the blocks ask for from the model folder. What computes the models is `options.executor`, else what the container
   * holds under `executor`, else chosen by the models themselves.
   *
   * @throws ComponentLoadError naming each component that could not be loaded, once all others are there; UnknownValueError for a name that no
   * block asks for
   */
  async loadComponents({ names, ...given }: LoadComponentsOptions = {}): Promise<this> {
    const executor = given.executor ?? (await this.registeredExecutor())
    const options = { ...given, ...(executor !== undefined && { executor }) }
    const wanted =
      names?.map(name => this.requireSpec(name)) ?? [...this.specs.values()].filter(spec => this.canLoad(spec))
    const failures = new Map<string, unknown>()
    for (const spec of wanted) {
      const { name } = spec
      try {
        options.signal?.throwIfAborted()
        this.updateComponents({ [name]: await outsideRuns(() => spec.load(options)) })
      } catch (error) {
        if (options.signal?.aborted) throw error
        failures.set(name, error)
      }
    }
    if (failures.size > 0) throw new ComponentLoadError(failures, this.source?.folder ?? 'their specs')
    return this
  }

  /** Gives back the components that this pipeline holds: those with a `dispose()` are disposed. What it shares with others through a container stays. */
  dispose(): void {
    this.container.dispose()
  }

  /** Runs the pipeline and tells what happens as it happens: `for await (const event of pipe.stream({ prompt }))`. */
  stream(inputs: PipelineInputs = {}, options: CallOptions = {}): PipelineStream {
    return new PipelineStream(listen => this.run(inputs, { ...options, ...listen }), options)
  }

  /** Says where each value and component of a call would come from. */
  explain(inputs: PipelineInputs = {}): Explanation {
    return explain(this.tree, inputs)
  }

  /**
   * Runs the blocks. The same as calling the pipeline.
   *
   * @throws PipelineValidationError before the first block, with all that is wrong with the call; BlockExecutionError for what a block throws;
   * PipelineAbortError when the signal fires
   */
  async run(inputs: PipelineInputs, options: CallOptions): Promise<unknown> {
    if (options.output !== undefined && typeof options.output !== 'string' && !Array.isArray(options.output)) {
      throw new InvalidOutputError(options.output)
    }
    checkArguments(inputs, options)
    const outer = activeRun()
    const filled = fillState(this.inputs, inputs, options.state)
    const run = new Run({
      ...options,
      state: filled.state,
      resolve: (name, path) => this.resolve(name, path),
      isMadeForEachRun: name => this.container.isMadeForEachRun(name),
      prepare: (run, specs) => this.prepare(run, specs),
    })
    return withActiveRun(run, async () => {
      const start = performance.now()
      try {
        run.emit({ type: 'runStart', block: this.tree.constructor.name })
        for (const name of filled.ignored) run.warn('UNKNOWN_INPUT', unknownInputMessage(name, this.inputs))
        this.warnOfUnknownOutputs(run, options.output)
        await run.breathe()
        await this.check(run, filled)
        await executeBlock(makeComponents(this.prototype, run), run.state, undefined, this.tree)
        run.throwListenerFailure()
        run.emit({ type: 'runEnd', duration: performance.now() - start })
        const result = options.output === undefined ? run.state : run.state.get(options.output as string)
        const returned = run.close(options.output === undefined ? run.state.values : result)
        for (const resource of returned) outer?.track(resource)
        return result
      } catch (error) {
        run.letGo(error)
        run.close(error instanceof PipelineAbortError && options.keepStateOnAbort ? run.state.values : undefined)
        throw error
      }
    })
  }

  toString(): string {
    return `${this.constructor.name} of ${this.tree}`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  /** A name that no block writes and that is not there yet will be absent from the result. */
  private warnOfUnknownOutputs(run: Run, output: CallOptions['output']): void {
    const known = [...run.state.values.keys(), ...this.tree.intermediateOutputNames]
    for (const name of [output ?? []].flat()) {
      if (known.includes(name)) continue
      const nearest = nearestName(name, known)
      const hint = nearest ? ` Did you mean "${nearest}"?` : ''
      run.warn('UNKNOWN_OUTPUT', `No block of this pipeline writes "${name}", which is asked for as an output.${hint}`)
    }
  }

  private createFromConfig(): void {
    for (const [name, spec] of this.specs) {
      if (spec.defaultCreationMethod !== 'fromConfig' || this.container.isRegistered(name)) continue
      this.container.register(name, { useValue: spec.create() })
    }
  }

  /** What the container says that models are to be computed with; `undefined` if it says nothing. */
  private async registeredExecutor(): Promise<string | object | undefined> {
    return this.container.isRegistered(EXECUTOR) ? this.container.resolve<string | object>(EXECUTOR) : undefined
  }

  private requireSpec(name: string): ComponentSpec {
    const spec = this.specs.get(name)
    if (spec === undefined) throw new UnknownValueError('The pipeline', name, [...this.specs.keys()], 'component')
    return spec
  }

  /** Whether a component is still to be loaded, and can be. */
  private canLoad({ name, pretrainedModelNameOrPath, defaultCreationMethod }: ComponentSpec): boolean {
    const hasPlace = pretrainedModelNameOrPath !== undefined && defaultCreationMethod === 'fromPretrained'
    return hasPlace && !this.container.isRegistered(name)
  }

  private resolve(name: string, path: readonly string[]): unknown {
    if (Object.hasOwn(this.config, name)) return this.config[name]
    if (this.container.isRegistered(name)) return this.container.resolve(name)
    throw this.missing(name, path)
  }

  private missing(name: string, path: readonly string[]): MissingComponentError {
    const spec = this.specs.get(name)
    return new MissingComponentError({
      path,
      component: name,
      className: spec?.typeHint?.name,
      loadable: [spec?.pretrainedModelNameOrPath, spec?.subfolder].filter(Boolean).join('/'),
      available: this.container.tokens,
    })
  }

  /** Checks a call before its first block, and waits for components that a factory has promised. */
  private async check(run: Run, { given, ignored }: FilledState): Promise<void> {
    const issues = await checkCall(this.tree, {
      inputs: this.inputs,
      state: run.state,
      given,
      ignored,
      checkComponent: (spec, path) => this.checkComponent(run, spec, path),
      postpone: (block, specs) => run.unprepared.set(block, specs),
    })
    if (issues.length > 0) throw new PipelineValidationError(issues)
  }

  /** What {@link check} does for the components of a block that runs after all. */
  private async prepare(run: Run, specs: readonly ComponentSpec[]): Promise<void> {
    for (const spec of specs) {
      const issue = await this.checkComponent(run, spec, run.path)
      if (issue) throw issue
    }
  }

  /** Makes sure of a component for a run: what is wrong with it, or nothing. */
  private checkComponent(
    run: Run,
    spec: ComponentSpec,
    path: readonly string[],
  ): MaybePromise<ModularError | undefined> {
    if (!this.container.isRegistered(spec.name)) return this.missing(spec.name, path)
    const failed = (error: unknown) => new ComponentLoadError(new Map([[spec.name, error]]), 'the container', path)
    try {
      const component = run.component(spec.name)
      if (!isPromise(component)) return wrongClass(spec, component, path)
      return component.then(value => wrongClass(spec, value, path)).catch(failed)
    } catch (error) {
      return failed(error)
    }
  }
}

/** Refuses arguments that no call could work with.
 * @throws InputTypeError */
function checkArguments(inputs: PipelineInputs, { seed }: CallOptions): void {
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) {
    const expected = 'the inputs are passed by name, as one object: pipe({ prompt: … })'
    throw new InputTypeError({ path: [], input: 'inputs', expected, value: inputs })
  }
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new InputTypeError({ path: [], input: 'seed', expected: 'it must be a whole number from 0 up', value: seed })
  }
}

/** A setting: what the model folder states, else the default of the blocks.
 * @throws ModelIndexError for one that does not fit its schema */
function readSetting({ name, default: fallback, schema }: ConfigSpec, index: ModelIndex | undefined): unknown {
  const stated = index?.settings.get(name) ?? undefined
  if (index === undefined || stated === undefined) return fallback
  const parsed = schema?.safeParse(stated)
  if (parsed === undefined || parsed.success) return stated
  throw new ModelIndexError(index.file, `the setting "${name}" does not fit: ${explainMismatch(parsed.error)}.`)
}

/** One spec for each component: the last of a name, but one that says how to make the component wins over one that does not. */
function collectSpecs(
  declared: readonly ComponentSpec[],
  index: ModelIndex | undefined,
  revision: string | undefined,
): Map<string, ComponentSpec> {
  const specs = new Map<string, ComponentSpec>()
  for (const spec of declared) {
    if (specs.get(spec.name)?.config && !spec.config) continue
    specs.set(spec.name, index ? locate(spec, index, revision) : spec)
  }
  return specs
}

/** Where a model folder keeps a component. */
function locate(spec: ComponentSpec, index: ModelIndex, revision: string | undefined): ComponentSpec {
  const entry = index.components.get(spec.name)
  if (
    entry === undefined ||
    spec.defaultCreationMethod === 'fromConfig' ||
    spec.pretrainedModelNameOrPath !== undefined
  ) {
    return spec
  }
  const place = { pretrainedModelNameOrPath: index.folder, subfolder: entry.subfolder, revision }
  return spec.with({ ...place, className: entry.className })
}

function wrongClass(spec: ComponentSpec, value: unknown, path: readonly string[]): ComponentTypeError | undefined {
  const type = spec.typeHint
  if (
    type === undefined ||
    (typeof value === 'object' &&
      value !== null &&
      Object.prototype.isPrototypeOf.call(type.prototype as object, value))
  ) {
    return undefined
  }
  return new ComponentTypeError(path, spec.name, `an instance of ${type.name}`, kindOf(value))
}

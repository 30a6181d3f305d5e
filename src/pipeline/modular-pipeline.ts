/** Blocks with the components they need: the thing that runs. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */
import type { ModularPipelineBlocks } from '../composition/modular-pipeline-blocks'
import { ComponentContainer } from '../container/component-container'
import { ComponentLoadError } from '../errors/component-load-error'
import { ComponentTypeError } from '../errors/component-type-error'
import { InvalidOutputError } from '../errors/invalid-output-error'
import { MissingComponentError } from '../errors/missing-component-error'
import type { ModularError } from '../errors/modular-error'
import { PipelineAbortError } from '../errors/pipeline-abort-error'
import { PipelineValidationError } from '../errors/pipeline-validation-error'
import { kindOf } from '../errors/text'
import type { FromPretrainedOptions } from '../params/component-class'
import type { ComponentSpec } from '../params/component-spec'
import type { InputParam } from '../params/input-param'
import { activeRun, outsideRuns, withActiveRun } from '../runtime/active-run'
import { componentsPrototype, makeComponents } from '../runtime/components'
import type { EventListener } from '../runtime/events'
import { executeBlock } from '../runtime/execute'
import { isPromise } from '../runtime/maybe-promise'
import { Run } from '../runtime/run'
import type { PipelineState } from '../state/pipeline-state'
import { checkCall } from '../wiring/check-call'
import { validateBlocks } from '../wiring/validate'
import { type FilledState, fillState, unknownInputMessage } from './fill-state'
import { type ModelIndex, readModelIndex } from './model-index'
import { PipelineStream } from './pipeline-stream'

/** Options of `initPipeline()`. */
export interface InitPipelineOptions {
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
export interface LoadComponentsOptions extends Pick<FromPretrainedOptions, 'variant' | 'revision' | 'signal'> {
  /** Which components to load; by default all that are not there yet. Named ones are loaded again. */
  names?: readonly string[]
}

/** A pipeline is called like a function: `await pipe({ prompt: 'red apple' }, { output: 'images' })`. */
export interface ModularPipeline {
  (inputs?: PipelineInputs, options?: CallOptions & { output?: undefined }): Promise<PipelineState>
  <T = unknown>(inputs: PipelineInputs, options: CallOptions & { output: string }): Promise<T>
  <T = unknown>(
    inputs: PipelineInputs,
    options: CallOptions & { output: readonly string[] },
  ): Promise<Record<string, T>>
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
export class ModularPipeline {
  /** Supplies the components of this pipeline. */
  declare readonly container: ComponentContainer
  /** Settings by name: those of the model folder where it states them, else the defaults of the blocks. */
  declare readonly config: Readonly<Record<string, unknown>>
  declare private readonly tree: ModularPipelineBlocks
  declare private readonly specs: ReadonlyMap<string, ComponentSpec>
  declare private readonly source: ModelIndex | undefined
  declare private readonly prototype: object
  // The tree is private and never changes, so what it takes is worked out once.
  declare private readonly inputs: readonly InputParam[]

  constructor(blocks: ModularPipelineBlocks, source?: string, options: InitPipelineOptions = {}) {
    validateBlocks(blocks)
    const index = source === undefined ? undefined : readModelIndex(source)
    const tree = blocks.clone()
    const specs = new Map(tree.expectedComponents.map(spec => [spec.name, index ? locate(spec, index) : spec]))
    const settings = tree.expectedConfigs.map(({ name, default: value }) => [name, index?.settings.get(name) ?? value])
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
    pipe.createFromConfig()
    // A class cannot be called, so what `new` gives is a function that has this class's methods.
    // biome-ignore lint/correctness/noConstructorReturn: that is the way to make a callable object
    return pipe
  }

  /** A copy of the blocks: changing it does not change the pipeline. */
  get blocks(): ModularPipelineBlocks {
    return this.tree.clone()
  }

  /** Documentation made from the blocks. */
  get doc(): string {
    return this.tree.doc
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
   * @throws ComponentTypeError for one of another class than the blocks ask for */
  updateComponents(components: Readonly<Record<string, unknown>>): this {
    for (const [name, value] of Object.entries(components)) {
      const spec = this.specs.get(name)
      if (spec) requireClass(spec, value, [])
      this.container.register(name, { useValue: value })
    }
    return this
  }

  /**
   * Loads the components that the blocks ask for from the model folder.
   * @throws ComponentLoadError naming each component that could not be loaded, once all others are there
   */
  async loadComponents({ names, ...options }: LoadComponentsOptions = {}): Promise<this> {
    const failures = new Map<string, unknown>()
    for (const [name, spec] of this.specs) {
      const wanted = names ? names.includes(name) : !this.container.isRegistered(name)
      if (!wanted || spec.pretrainedModelNameOrPath === undefined || spec.defaultCreationMethod === 'fromConfig')
        continue
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

  /** Gives back the components that this pipeline holds: those with a `dispose()` are disposed. */
  dispose(): void {
    for (const component of Object.values(this.components)) {
      ;(component as { dispose?: () => void } | undefined)?.dispose?.()
    }
  }

  /** Runs the pipeline and tells what happens as it happens: `for await (const event of pipe.stream({ prompt }))`. */
  stream(inputs: PipelineInputs = {}, options: CallOptions = {}): PipelineStream {
    return new PipelineStream(listen => this.run(inputs, { ...options, ...listen }), options)
  }

  /** Says where each value and component of a call would come from. */
  explain(inputs: PipelineInputs = {}): ReturnType<ModularPipelineBlocks['explain']> {
    return this.tree.explain(inputs)
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
    const outer = activeRun()
    const filled = fillState(this.inputs, inputs, options.state)
    const run = new Run({
      ...options,
      state: filled.state,
      components: run => makeComponents(this.prototype, run),
      resolve: (name, path) => this.resolve(name, path),
    })
    return withActiveRun(run, async () => {
      const start = performance.now()
      try {
        run.emit({ type: 'runStart', block: this.tree.constructor.name })
        for (const name of filled.ignored) run.warn('UNKNOWN_INPUT', unknownInputMessage(name, this.inputs))
        await this.check(run, filled)
        await executeBlock(run.components, run.state, undefined, this.tree)
        const result = options.output === undefined ? run.state : run.state.get(options.output as string)
        for (const resource of run.close(options.output === undefined ? run.state.values : result))
          outer?.track(resource)
        run.emit({ type: 'runEnd', duration: performance.now() - start })
        return result
      } catch (error) {
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

  private createFromConfig(): void {
    for (const [name, spec] of this.specs) {
      if (spec.defaultCreationMethod !== 'fromConfig' || this.container.isRegistered(name)) continue
      this.container.register(name, { useValue: spec.create() })
    }
  }

  private resolve(name: string, path: readonly string[]): unknown {
    if (Object.hasOwn(this.config, name)) return this.config[name]
    if (this.container.isRegistered(name)) return this.container.resolve(name)
    const spec = this.specs.get(name)
    throw new MissingComponentError({
      path,
      component: name,
      className: spec?.typeHint?.name,
      loadable: spec?.pretrainedModelNameOrPath && [spec.pretrainedModelNameOrPath, spec.subfolder].join('/'),
      available: this.container.tokens,
    })
  }

  /** Checks a call before its first block, and waits for components that a factory has promised. */
  private async check(run: Run, { given, ignored }: FilledState): Promise<void> {
    const pending: { spec: ComponentSpec; path: readonly string[]; promise: Promise<unknown> }[] = []
    const issues = checkCall(this.tree, {
      inputs: this.inputs,
      state: run.state,
      given,
      ignored,
      checkComponent: (spec, path) => {
        if (!this.container.isRegistered(spec.name)) return this.missing(spec.name, path)
        const value = run.component(spec.name)
        if (!isPromise(value)) return wrongClass(spec, value, path)
        pending.push({ spec, path, promise: value })
      },
    })
    const failures = new Map<string, unknown>()
    for (const { spec, path, promise } of pending) {
      try {
        const issue = wrongClass(spec, run.useComponent(spec.name, await promise), path)
        if (issue) issues.push(issue)
      } catch (error) {
        failures.set(spec.name, error)
      }
    }
    if (failures.size > 0) issues.push(new ComponentLoadError(failures, 'their factories'))
    if (issues.length > 0) throw new PipelineValidationError(issues)
  }

  private missing(name: string, path: readonly string[]): ModularError {
    try {
      this.resolve(name, path)
    } catch (error) {
      return error as ModularError // resolve() throws nothing else for what is not registered.
    }
    throw new TypeError(`${name} is registered`)
  }
}

/** Where a model folder keeps a component. */
function locate(spec: ComponentSpec, index: ModelIndex): ComponentSpec {
  const entry = index.components.get(spec.name)
  if (
    entry === undefined ||
    spec.defaultCreationMethod === 'fromConfig' ||
    spec.pretrainedModelNameOrPath !== undefined
  ) {
    return spec
  }
  return spec.with({ pretrainedModelNameOrPath: index.folder, subfolder: entry.subfolder, className: entry.className })
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

function requireClass(spec: ComponentSpec, value: unknown, path: readonly string[]): void {
  const issue = wrongClass(spec, value, path)
  if (issue) throw issue
}

/**
 * Blocks with the components they need: the thing that runs. Counterpart: diffusers modular_pipelines/modular_pipeline.py.
 *
 * The file is long because it documents every method of a pipeline; what a method does is in the file that it calls.
 */

import { ComponentContainer } from '../container/component-container'
import { documentBlock } from '../documentation/doc'
import { documentAsMarkdown, type MarkdownOptions } from '../documentation/markdown'
import { modelCard } from '../documentation/model-card'
import { ConflictingOptionsError } from '../errors/conflicting-options-error'
import { classNameOf } from '../format/class-name'
import { toSnakeCase } from '../format/wire-names'
import type { PushedCommit } from '../hub/repository-publisher'
import { type PlacementArguments, readPlacement } from '../manager/placement'
import type { ComponentSpec } from '../params/component-spec'
import type { InputParam } from '../params/input-param'
import type { ComponentsOf, InputsOf, MadeBy, Offered, Selecting, Selection, ValuesOf } from '../params/typed-io'
import { drawMermaid } from '../picture/mermaid'
import type { PictureOptions } from '../picture/picture'
import { absoluteIfThere, pathOf } from '../platform/paths'
import { findPipelineParts, pushPipeline, readModelIndex, savePipeline } from '../platform/pipeline-files'
import { outsideRuns } from '../runtime/active-run'
import { type CheckedLimits, checkLimits, type RunLimits } from '../runtime/run-limits'
import { copyValue } from '../state/copy-value'
import type { ModelIndex } from '../storage/model-index'
import type {
  PipelineToSave,
  PushPipelineOptions,
  SavedPipeline,
  SavePipelineOptions,
} from '../storage/save-pretrained'
import type { SingleFileSettings } from '../storage/single-file-index'
import { type Explanation, explain } from '../wiring/explain'
import { validateBlocks } from '../wiring/validate'
import { callPipeline, checkArguments } from './call-pipeline'
import { checkNames } from './check-names'
import { type IndexToSave, indexToSave } from './index-to-save'
import { type LoadComponentsOptions, optionsPerComponent, requireWeights } from './load-options'
import type { PipelineBlocks } from './pipeline-blocks'
import type {
  CallOptions,
  CallOptionsFor,
  KNOWN,
  PipelineCall,
  PipelineInputs,
  Result,
  StreamArguments,
  StreamedOutput,
} from './pipeline-call'
import { PipelineComponents } from './pipeline-components'
import { findPipelineFamily, type NamedBlocks, PLAIN_PIPELINE } from './pipeline-families'
import type {
  ComponentsToUpdate,
  InitPipelineOptions,
  LoadPipelineOptions,
  LoadSingleFileOptions,
} from './pipeline-options'
import { PipelineStream } from './pipeline-stream'
import { PipelineValues } from './pipeline-values'
import { collectSpecs, readSettings } from './specs'
import { warnOfOtherPipeline, warnOfUnreadEntries } from './unread-entries'

/** The token under which a container holds what computes the models. */
const EXECUTOR = 'executor'

/**
 * A pipeline is called like a function: `await pipe({ prompt: 'red apple' }, { output: 'images' })`. Of blocks that the compiler knows, it checks the
 * names and types of the inputs, and says of which type the outputs are ({@link InputsOf}); `pipe<Image[]>(…)` says it in its place.
 */
export interface ModularPipeline<
  B extends PipelineBlocks = PipelineBlocks,
  I = InputsOf<B>,
  V = ValuesOf<B>,
  M = MadeBy<B>,
> extends PipelineCall<I, V, M> {
  /** For the compiler alone: that a pipeline whose values are known may be passed on as any pipeline. */
  readonly [KNOWN]?: readonly [Partial<I>, Partial<V>]
}

/**
 * A private copy of a tree of blocks, a container with its components, and its settings. One pipeline serves any number of concurrent calls.
 *
 * ```ts
 * const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
 * await pipe.loadComponents()
 * const images = await pipe({ prompt: 'red apple' }, { output: 'images', seed: 1 })
 * ```
 */
export class ModularPipeline<
  B extends PipelineBlocks = PipelineBlocks,
  I = InputsOf<B>,
  V = ValuesOf<B>,
  M = MadeBy<B>,
> {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'ModularPipeline'

  /** Supplies the components of this pipeline. */
  declare readonly container: ComponentContainer
  /** The blocks of pipelines of this class, where an index names none that are known. */
  static readonly defaultBlocks: NamedBlocks | undefined = undefined
  declare private readonly tree: B
  declare private readonly parts: PipelineComponents
  declare private readonly source: ModelIndex | undefined
  declare private readonly values: PipelineValues
  declare private callLimits: { readonly given: RunLimits; readonly checked: CheckedLimits }
  // The tree is private and never changes, so what it takes is worked out once.
  declare private readonly inputs: readonly InputParam[]

  /**
   * @param source folder of a model or id of a repository whose index is cached, if components are to be loaded from one; or its index
   * @throws PipelineValidationError, ModelIndexError
   */
  constructor(blocks: B, source?: string | URL | ModelIndex, options: InitPipelineOptions = {}) {
    validateBlocks(blocks)
    const index =
      source instanceof URL || typeof source === 'string'
        ? readModelIndex(absoluteIfThere(pathOf(source)), options)
        : source
    const tree = blocks.clone()
    const declared = collectSpecs(tree.expectedComponents)
    const specs = new Map([...declared].map(([name, spec]) => [name, index ? index.locate(spec) : spec]))
    const container = (options.container ?? ComponentContainer.create()).createChild()

    const parts = new PipelineComponents({
      container,
      declared,
      specs,
      source: index?.source ?? 'their specs',
      requireSameIndex: () => index?.requireUnchanged(),
      commits: index?.commits,
      registry: options.componentsManager,
      collection: options.collection,
    })
    const values = new PipelineValues(container, parts, tree.expectedConfigs, readSettings(tree.expectedConfigs, index))

    const pipe = ((inputs: PipelineInputs = {}, call: CallOptions = {}) => pipe.run(inputs, call)) as unknown as this
    Object.setPrototypeOf(pipe, new.target.prototype)
    Object.assign(pipe, { container, tree, parts, values, source: index, inputs: tree.inputs })
    pipe.limits = options.limits ?? {}
    // A pipeline that is made inside a run outlives it.
    outsideRuns(() => parts.createFromConfig())
    // A class cannot be called, so what `new` gives is a function that has this class's methods.
    // biome-ignore lint/correctness/noConstructorReturn: that is the way to make a callable object
    return pipe
  }

  /**
   * A pipeline of the blocks that the index of a model names, or that come with it as code, which runs only if it is trusted
   * (`{ trustRemoteCode: true, revision }`). Nothing but index and code is read, or fetched; the weights come with {@link loadComponents}.
   *
   * ```ts
   * const pipe = await ModularPipeline.fromPretrained(bundledModel('emoji'))
   * await pipe.loadComponents()
   * ```
   *
   * Called on a subclass, it makes one of that.
   *
   * @param source folder of a model, or id of a repository
   * @throws ModelIndexError; UnknownBlocksError where the index names no blocks that are known; NoWorkflowsError, UnknownWorkflowError;
   * PipelineValidationError; what fetching the index throws; for blocks that come as code, what {@link ModularPipelineBlocks.fromPretrained} throws
   */
  static async fromPretrained<B extends PipelineBlocks = PipelineBlocks>(
    source: string | URL,
    { blocks: given, workflow, ...options }: LoadPipelineOptions<B> = {},
  ): Promise<ModularPipeline<B>> {
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is made.
    const { blocks, index } = await findPipelineParts(source, given, this.defaultBlocks, options)
    const tree = workflow === undefined ? blocks : blocks.getWorkflow(workflow)
    // What the index names is known when the program runs alone: the compiler takes it for any blocks.
    return new this(tree as B, index, options)
  }

  /**
   * A pipeline of one file that holds a whole model, such as a Stable Diffusion checkpoint from a model site. Nothing but its header is read; the weights
   * stay in the file, and are neither converted nor copied. The blocks are those of the family that the file is recognised as.
   *
   * ```ts
   * const pipe = await ModularPipeline.fromSingleFile('dreamshaper_8.safetensors')
   * await pipe.loadComponents()
   * ```
   *
   * @param source path of a `.safetensors` or `.gguf` file, or of one in a repository: `org/name/model.safetensors`, or its address on the Hub
   * @throws what the reader of single files throws, e.g. for a file of another kind; what {@link fromPretrained} throws
   */
  static async fromSingleFile<B extends PipelineBlocks = PipelineBlocks>(
    source: string | URL,
    { config, predictionType, extractEma, ...options }: LoadSingleFileOptions<B> = {},
  ): Promise<ModularPipeline<B>> {
    const singleFile = {
      ...(config !== undefined && { config: absoluteIfThere(pathOf(config, 'config')) }),
      ...(predictionType !== undefined && { predictionType }),
      ...(extractEma !== undefined && { extractEma }),
    }
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is made.
    return this.fromPretrained<B>(source, { ...options, singleFile })
  }

  /**
   * What a call may cost at most: `pipe.limits = { maxPixels: 1024 * 1024, maxImages: 4, timeout: 60_000 }`. Setting it replaces all limits, for the calls
   * after it. The limits of the process apply as well ({@link setProcessLimits}).
   *
   * @throws InvalidLimitError, InvalidByteSizeError when it is set
   */
  get limits(): RunLimits {
    return this.callLimits.given
  }

  set limits(limits: RunLimits) {
    this.callLimits = { given: Object.freeze({ ...limits }), checked: checkLimits(limits) }
  }

  /** A copy of the blocks: changing it does not change the pipeline. */
  get blocks(): B {
    return this.tree.clone()
  }

  /** Documentation made from the blocks. */
  get doc(): string {
    return documentBlock(this.tree)
  }

  /** The same as Markdown, with tables. */
  toMarkdown(options: MarkdownOptions = {}): string {
    return documentAsMarkdown(this.tree, options)
  }

  /** A picture of the blocks as Mermaid text. As an SVG file: `await drawSvg(pipe)`. */
  toMermaid(options: PictureOptions = {}): string {
    return drawMermaid(this.tree, options)
  }

  /** Names of the workflows, each of which `loadComponents({ workflow })` and `fromPretrained(path, { workflow })` take.
   * @throws NoWorkflowsError where the blocks name none */
  get availableWorkflows(): readonly string[] {
    return this.tree.availableWorkflows
  }

  /** Settings by name: those of the model's index where it states them, otherwise the defaults of the blocks. Never changed; see {@link registerToConfig}. */
  get config(): Readonly<Record<string, unknown>> {
    return this.values.settings
  }

  /** Changes settings, for the runs after it. Names that no block declares are kept as well, and saved.
   * @throws InputTypeError for a value that does not fit its declaration */
  registerToConfig(settings: Readonly<Record<string, unknown>>): this {
    this.values.registerSettings(settings)
    return this
  }

  /** What each input is where a caller leaves it out, by name. */
  get defaultCallParameters(): Readonly<Record<string, unknown>> {
    const named = this.inputs.filter(input => input.name !== null)
    return Object.fromEntries(named.map(input => [input.name, copyValue(input.default)]))
  }

  /** The components that exist, by name; `undefined` for those that are not. */
  get components(): ComponentsOf<B> {
    return this.parts.all as ComponentsOf<B> // The compiler knows them from the fields of the blocks.
  }

  /** Names of all components. */
  get componentNames(): readonly string[] {
    return this.parts.names
  }

  /** Names of the components that are loaded from files. */
  get pretrainedComponentNames(): readonly string[] {
    return this.parts.namesOf('fromPretrained')
  }

  /** Names of the components that are made from their config. */
  get configComponentNames(): readonly string[] {
    return this.parts.namesOf('fromConfig')
  }

  /** Names of the components that are not there. The same as {@link missingComponentNames}, by the reference's name. */
  get nullComponentNames(): readonly string[] {
    return this.parts.missingNames
  }

  /** Names of the components that nobody has supplied yet. */
  get missingComponentNames(): readonly string[] {
    return this.parts.missingNames
  }

  /** What computes the first of the models that exist, e.g. `wasm` or `cpu`; `cpu` if none exists. */
  get device(): string {
    return this.parts.firstModel?.device ?? 'cpu'
  }

  /** Element type of the weights of the first of the models that exist; `float32` if none exists. */
  get dtype(): string {
    return this.parts.firstModel?.dtype ?? 'float32'
  }

  /**
   * Moves the models that are there to another device, casts their weights, or both; all of them, or none where one cannot be. Models that are loaded later
   * are not moved.
   *
   * ```ts
   * await pipe.to('webgpu')
   * await pipe.to('float16')       // rounds the weights, which savePretrained() then writes as such
   * await pipe.to('cpu', 'float32')
   * ```
   *
   * Pipelines that share a model share where it computes. No run should be under way.
   *
   * @param target name of a device, e.g. `cpu`, `cuda` or `webgpu`, or what `device` of another pipeline says; or a dtype
   * @throws InputTypeError for arguments that make no sense; ImmovableComponentError for a model whose class cannot be moved; what a model throws, e.g.
   * for a device that is not here
   */
  async to(...target: PlacementArguments): Promise<this> {
    await this.parts.place(readPlacement(target))
    return this
  }

  /** How a component is asked for, and where it is or would be loaded from; a copy. */
  getComponentSpec(name: string): ComponentSpec | undefined {
    return this.parts.spec(name)?.with({})
  }

  /**
   * What `modular_model_index.json` is to hold: class names, settings, and the place of each component that is loaded from files, whether it is there
   * or not. Keys are in snake_case and sorted.
   */
  get configToSave(): IndexToSave {
    const name = classNameOf(this.constructor)
    const family = findPipelineFamily(this.tree.modelName)
    const pipeline = name === PLAIN_PIPELINE ? (family?.pipelineClassName ?? name) : name
    return indexToSave({ pipeline, blocks: classNameOf(this.tree) }, this.config, this.parts, name => this.keyOf(name))
  }

  /**
   * Replaces components and settings: `pipe.updateComponents({ scheduler: EulerDiscreteScheduler.fromConfig(old.config), vae: other.components.vae })`.
   * All or nothing of what is given is taken.
   *
   * A {@link ComponentSpec} says how the component is made: at once if from its config, by {@link loadComponents} otherwise. `null` or `undefined` takes
   * a component away; its spec stays. The spec of a component that is handed over is the one that it was loaded by; of one that was made by
   * hand, its class without a place. What is replaced or removed is not disposed: its owner may still need it.
   *
   * @throws UnknownValueError for a name that no block asks for; ComponentTypeError for one of another class than the blocks ask for;
   * ComponentSourceError for a model that was made, not loaded, by a spec; InputTypeError for a setting that does not fit
   */
  updateComponents(given: ComponentsToUpdate<B>): this {
    const isSetting = ([name]: readonly [string, unknown]) =>
      !this.parts.names.includes(name) && Object.hasOwn(this.config, name)
    const entries: [string, unknown][] = Object.entries(given)
    const settings = Object.fromEntries(entries.filter(isSetting))
    this.values.checkSettings(settings)
    this.parts.update(Object.fromEntries(entries.filter(entry => !isSetting(entry))))
    return this.registerToConfig(settings)
  }

  /**
   * Loads components from where their specs say, usually the model's folder: those that are missing, or those that are
   * named. Options about places are remembered.
   *
   * The executor of models is `options.executor`, otherwise what the
   * container holds under `executor`, otherwise the models' own choice. Calls wait for each other. A warning names
   * entries of the model's index that no block reads. When a component is loaded again, the old one is disposed unless
   * another pipeline holds it.
   *
   * ```ts
   * await pipe.loadComponents({ names: ['unet', 'vae'], variant: { unet: 'fp16' } })
   * ```
   *
   * @throws ComponentLoadError naming each component that could not be loaded, once all others are there; UnknownValueError for a name that no
   * block asks for; UnsupportedQuantizationError, UnsupportedDTypeError for a map with a component that has no weights; UnknownWorkflowError, NoWorkflowsError; ConflictingOptionsError for both `names` and `workflow`; the reason of the signal
   */
  async loadComponents({ names, workflow, ...options }: LoadComponentsOptions = {}): Promise<this> {
    if (names !== undefined && workflow !== undefined) {
      const advice = 'A workflow names the components that it needs.'
      throw new ConflictingOptionsError('loadComponents()', ['names', 'workflow'], advice)
    }
    const named = names === undefined ? undefined : checkNames(names)
    if (this.source) {
      warnOfUnreadEntries(this.source, [...this.parts.names, ...Object.keys(this.config)], this.tree.modelName)
      warnOfOtherPipeline(this.source, this.tree.modelName)
    }
    const needed = workflow === undefined ? undefined : this.tree.getWorkflow(workflow).expectedComponents
    const only = needed && new Set(needed.map(spec => spec.name))
    const optionsOf = optionsPerComponent(options, this.parts.names)
    requireWeights(
      options,
      this.parts.names.flatMap(name => this.parts.spec(name) ?? []),
    )
    const withExecutor = async () => {
      const executor = await this.registeredExecutor()
      return (name: string) => ({
        ...this.fileOptions(name),
        ...(executor !== undefined && { executor }),
        ...optionsOf(name),
      })
    }
    await this.parts.load(named, only, withExecutor, options.signal)
    return this
  }

  /**
   * Removes components and frees their memory: those that no other pipeline holds are disposed, even if other code
   * still refers to them, and a components
   * manager forgets them. Specs stay: `loadComponents()` brings the components back. What a shared container supplies stays. No run may be using them.
   *
   * @throws UnknownValueError for a name that no block asks for; InputTypeError for what is neither a name nor a list of names
   */
  unloadComponents(names: string | readonly string[]): this {
    this.parts.unload(checkNames(names))
    return this
  }

  /**
   * Disposes the components that this pipeline holds and that have a `dispose()`. What it shares with others stays: by a container, a
   * components manager, or because it was handed over by `updateComponents()`. What is being loaded is disposed too, and its
   * {@link loadComponents} ends with an `AbortError`. The pipeline can be loaded again.
   */
  dispose(): void {
    this.parts.dispose()
  }

  /**
   * Writes the components that are loaded from files into `folder/<name in snake_case>`, `modular_model_index.json`, from which this library and
   * Python load the pipeline again, and `README.md`, which describes it. A reader of the folder sees the old pipeline
   * or the new, never a mixture, even if the process is killed midway. Other files in the folder stay, and so does a
   * `README.md` that a person has written.
   *
   * ```ts
   * await pipe.savePretrained('my-model', { variant: 'fp16', maxShardSize: '2GB' })
   * await pipe.savePretrained('my-model', { pushToHub: { repoId: 'me/my-model', private: true } })
   * ```
   *
   * It may be the folder that the pipeline was loaded from. No run of it should be under way then: one that has yet to read weights from there fails.
   *
   * @throws UnwritableFileError for a folder that may not be written, a full disk, …; UnsafeSerializationError; what a component throws; what the Hub
   * refuses; the reason of the signal
   */
  savePretrained(folder: string | URL, options?: SavePipelineOptions): Promise<SavedPipeline> {
    return savePipeline(pathOf(folder, 'folder'), this.toSave(), options)
  }

  /**
   * Uploads what {@link savePretrained} writes to a repository, which is made if none exists, and leaves nothing here. A `README.md` that somebody
   * has written there stays.
   *
   * ```ts
   * const { url } = await pipe.pushToHub('me/my-model', { private: true, modelCard: { license: 'apache-2.0' } })
   * ```
   *
   * @throws what {@link savePretrained} throws
   */
  pushToHub(repoId: string, options?: PushPipelineOptions): Promise<PushedCommit> {
    return pushPipeline(repoId, this.toSave(), options)
  }

  /**
   * Runs the pipeline and tells what happens as it happens: `for await (const event of pipe.stream({ prompt }))`. It takes what a call takes; what a call
   * gives is the stream's `result`.
   *
   * @throws InputTypeError, InvalidOutputError at once for arguments that no call could work with
   */
  stream<const O extends StreamedOutput<V> = undefined, const P extends Selection<I, V> = never>(
    ...args: StreamArguments<Offered<I, M> & Selecting<V, P>, CallOptionsFor<O>>
  ): PipelineStream<Result<V, O, P>>
  stream<const O extends StreamedOutput<V> = undefined, const P extends Selection<I, V> = never>(
    ...args: StreamArguments<I & Selecting<V, P>, CallOptionsFor<O>>
  ): PipelineStream<Result<V, O, P>>
  stream(...args: unknown[]): PipelineStream<unknown> {
    const [inputs = {}, options = {}] = args as [inputs?: PipelineInputs, options?: CallOptions]
    checkArguments(inputs, options)
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
  run(inputs: PipelineInputs, options: CallOptions): Promise<unknown> {
    const { tree, inputs: declared, values, callLimits } = this
    return callPipeline({ tree, inputs: declared, values, limits: callLimits.checked }, inputs, options)
  }

  toString(): string {
    return `${classNameOf(this.constructor)} of ${this.tree}\n${JSON.stringify(this.configToSave, undefined, 2)}`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  private toSave(): PipelineToSave {
    return {
      components: this.parts.loaded,
      config: this.configToSave,
      keyOf: name => this.keyOf(name),
      modelCard: options => modelCard(this.tree, options),
      savedTo: folder => this.source?.savedTo(folder),
    }
  }

  /** How files spell a name: as the model's index does, of which camelCase keeps not all (`sam2` and `sam_2` are the same there). */
  private keyOf(name: string): string {
    return this.source?.keyOf(name) ?? toSnakeCase(name)
  }

  /** What a component of a single file is loaded with. */
  private fileOptions(name: string): SingleFileSettings {
    const spec = this.parts.spec(name)
    return (spec && this.source?.loadOptions(spec)) ?? {}
  }

  /** What the container says that models are to be computed with; `undefined` if it says nothing. */
  private async registeredExecutor(): Promise<string | object | undefined> {
    return this.container.isRegistered(EXECUTOR) ? this.container.resolve<string | object>(EXECUTOR) : undefined
  }
}

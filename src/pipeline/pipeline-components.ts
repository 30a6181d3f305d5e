/** The components of one pipeline: how each is asked for, and what is there. Counterpart: the component part of ModularPipeline of diffusers. */

import type { ComponentContainer } from '../container/component-container'
import { disposeComponent } from '../container/supplier'
import { ComponentLoadError } from '../errors/component-load-error'
import { FolderChangedError } from '../errors/folder-changed-error'
import { ImmovableComponentError } from '../errors/immovable-component-error'
import type { ModularError } from '../errors/modular-error'
import { UnknownValueError } from '../errors/unknown-value-error'
import { classNameOf } from '../format/class-name'
import { isManagedModel, type ManagedModel } from '../manager/managed-model'
import type { Placement } from '../manager/placement'
import { componentClassOf } from '../params/component-classes'
import {
  type ComponentLoadOptions,
  ComponentSpec,
  type CreationMethod,
  configOf,
  type WithoutFiles,
} from '../params/component-spec'
import { RepositoryCommits } from '../params/repository-commits'
import { wrongClass } from '../params/wrong-class'
import { readUnchangedComponents } from '../platform/component-files'
import { outsideRuns } from '../runtime/active-run'
import { isPromise } from '../runtime/maybe-promise'
import { joinSignals } from '../runtime/on-abort'
import { asActivity } from '../telemetry/ongoing-activity'
import { planChange } from './component-change'
import { hold, release } from './component-holders'
import type { ComponentRegistry } from './component-registry'
import { lacksFiles, warnOfLeftOut } from './missing-component-files'

/** What {@link PipelineComponents} is made of. */
export interface PipelineComponentsOptions {
  readonly container: ComponentContainer
  /** What the blocks ask for. */
  readonly declared: ReadonlyMap<string, ComponentSpec>
  /** The same, with the places that the model's index states. */
  readonly specs: ReadonlyMap<string, ComponentSpec>
  /** Where the components come from, in words. */
  readonly source: string
  /** Checks that the index is still what it was when the specs were read from it. @throws FolderChangedError */
  readonly requireSameIndex?: () => void
  /** The commits that the components come from. Default: those that branches stand for when loading begins. */
  readonly commits?: RepositoryCommits | undefined
  readonly registry?: ComponentRegistry | undefined
  readonly collection?: string | undefined
}

/** A component that the pipeline was given or has loaded. */
interface Held {
  readonly component: unknown
  /** Whether the pipeline loaded it, and nobody else can have meant to keep it. */
  readonly isLoadedHere: boolean
  /** Id in the components manager. */
  readonly id: string | undefined
}

/** What components are loaded with. */
interface Loading {
  readonly optionsOf: (name: string) => ComponentLoadOptions
  readonly signal: AbortSignal
  /** Whether a caller has named the components. */
  readonly isNamed: boolean
}

/** Holds what a pipeline needs beside its blocks. */
export class PipelineComponents {
  private readonly specs: Map<string, ComponentSpec>
  private readonly held = new Map<string, Held>()
  /** Those that a caller has removed. */
  private readonly takenAway = new Set<string>()
  /** Stand for this pipeline where it is asked who holds a component: one for each name. */
  private readonly slots = new Map<string, object>()
  /** The loading that was asked for last: loads wait for each other, so that nothing is loaded twice. */
  private loading: Promise<unknown> = Promise.resolve()
  /** Ends the loading that is under way when the pipeline is disposed. */
  private life = new AbortController()
  private isDisposed = false

  constructor(private readonly options: PipelineComponentsOptions) {
    this.specs = new Map(options.specs)
    for (const name of options.specs.keys()) this.slots.set(name, {})
  }

  get names(): readonly string[] {
    return [...this.specs.keys()]
  }

  /** Names of those that are not there. */
  get missingNames(): readonly string[] {
    return this.names.filter(name => !this.container.isRegistered(name) && !this.isLeftOut(name))
  }

  /** The components that exist, by name; `undefined` for those that are not. */
  get all(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.names.map(name => [name, this.get(name)]))
  }

  get(name: string): unknown {
    return this.container.isRegistered(name) ? this.container.resolve(name) : undefined
  }

  /** The component, if it stands ready: nothing is made for who only looks. */
  peek(name: string): unknown {
    return this.container.peek(name)
  }

  /** The first of those that are there and have weights. */
  get firstModel(): ManagedModel | undefined {
    return this.names.map(name => this.peek(name)).find(isManagedModel)
  }

  /** Those that are loaded from files, and are there. */
  get loaded(): ReadonlyMap<string, unknown> {
    const entries = this.namesOf('fromPretrained').map(name => [name, this.peek(name)] as const)
    return new Map(entries.filter(([, component]) => component !== undefined && !isPromise(component)))
  }

  /** Whether an optional component is not there, and nobody says that it should be. */
  isLeftOut(name: string): boolean {
    const spec = this.specs.get(name)
    if (spec === undefined || this.container.isRegistered(name) || !this.declared(name).optional) return false
    return spec.pretrainedModelNameOrPath === undefined || this.takenAway.has(name)
  }

  spec(name: string): ComponentSpec | undefined {
    return this.specs.get(name)
  }

  /** Names by the way in which they come to be. */
  namesOf(method: CreationMethod): readonly string[] {
    return this.names.filter(name => this.specs.get(name)?.defaultCreationMethod === method)
  }

  /** Makes those components that need no files. */
  createFromConfig(): void {
    for (const name of this.namesOf('fromConfig')) {
      if (!this.container.isRegistered(name)) this.put(name, this.create(this.require(name)))
    }
  }

  /**
   * Replaces components, or takes them away. All or none of them.
   * @throws ComponentTypeError, ComponentSourceError, UnknownValueError
   */
  update(given: Readonly<Record<string, unknown>>): void {
    const changes = Object.entries(given).map(([name, value]) =>
      planChange(value, this.require(name), this.declared(name)),
    )
    for (const { name, spec, component, isToBeLoaded } of changes) {
      this.specs.set(name, spec)
      if (component === undefined) this.takeAway(name)
      else this.put(name, component)
      if (isToBeLoaded) this.takenAway.delete(name)
    }
  }

  /**
   * Loads components: those that are named again, otherwise those that are not there yet and can be loaded.
   *
   * @param only restricts what is loaded where nothing is named
   * @param makeOptionsOf asked when it is this loading's turn
   * @throws ComponentLoadError once all others are there; UnknownValueError; the reason of the signal; an AbortError if the pipeline is disposed
   */
  load(
    names: readonly string[] | undefined,
    only: ReadonlySet<string> | undefined,
    makeOptionsOf: () => Promise<(name: string) => ComponentLoadOptions>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (const name of names ?? []) this.require(name)
    const { signal: either, release } = joinSignals(signal, this.life.signal)
    const result = this.loading.then(async () => {
      either.throwIfAborted()
      const optionsOf = await makeOptionsOf()
      either.throwIfAborted()
      if (this.isDisposed) this.revive()
      return this.loadNow(names ?? this.loadable(only), { optionsOf, signal: either, isNamed: names !== undefined })
    })
    this.loading = result.catch(() => {}).finally(release)
    return result
  }

  /**
   * Moves all models that exist, or none of them.
   * @throws ImmovableComponentError for a model whose class cannot be moved; what speaks against it for a model
   */
  async place(placement: Placement): Promise<void> {
    const models = new Map<ManagedModel, string>()
    for (const name of this.names) {
      const component = this.peek(name)
      if (isManagedModel(component)) models.set(component, name)
    }
    const steps: (() => void)[] = []
    for (const [model, name] of models) {
      if (!model.preparePlacement) throw new ImmovableComponentError(name, classNameOf(model))
      steps.push(await model.preparePlacement(placement))
    }
    for (const step of steps) step()
  }

  /** Takes components away and disposes those that no other pipeline holds. Their specs stay.
   * @throws UnknownValueError */
  unload(names: readonly string[]): void {
    for (const name of names) this.require(name)
    for (const name of names) {
      const held = this.held.get(name)
      const isLast = this.forget(name)
      if (held?.id !== undefined) this.leaveRegistry(held.id, isLast)
      this.container.unregister(name, { dispose: isLast })
    }
  }

  /** Disposes all that no other pipeline and no components manager holds, and what is being loaded. */
  dispose(): void {
    this.life.abort(new DOMException('The pipeline was disposed while its components were loaded.', 'AbortError'))
    this.life = new AbortController()
    this.isDisposed = true
    for (const [name, { id }] of [...this.held]) {
      const isLast = this.forget(name)
      this.container.unregister(name, { dispose: isLast && id === undefined })
    }
    this.container.dispose()
  }

  /** Makes again what came with the pipeline, for one that is loaded after it was disposed. */
  private revive(): void {
    this.isDisposed = false
    this.createFromConfig()
  }

  private get container(): ComponentContainer {
    return this.options.container
  }

  private require(name: string): ComponentSpec {
    const spec = this.specs.get(name)
    if (spec === undefined) throw new UnknownValueError('The pipeline', name, this.names, 'component')
    return spec
  }

  private declared(name: string): ComponentSpec {
    return this.options.declared.get(name) ?? this.require(name)
  }

  private create(spec: ComponentSpec): unknown {
    const component = spec.create()
    this.specs.set(spec.name, spec.with({ config: configOf(component) ?? spec.config }))
    return component
  }

  private loadable(only: ReadonlySet<string> | undefined): readonly string[] {
    return this.namesOf('fromPretrained').filter(name => {
      // A caller may take a component away before it is loaded.
      if (this.isLeftOut(name) && this.takenAway.has(name)) return false
      const isWanted = only === undefined || only.has(name)
      return (
        isWanted && this.require(name).pretrainedModelNameOrPath !== undefined && !this.container.isRegistered(name)
      )
    })
  }

  private async loadNow(names: readonly string[], loading: Loading): Promise<void> {
    const { optionsOf } = loading
    const wanted = [...new Set(names)]
    const specs = wanted.map(name => this.require(name).located(optionsOf(name)))
    const load = async (folders: readonly string[]) => {
      if (folders.includes(this.options.source)) this.options.requireSameIndex?.()
      const failures = await this.loadEach(wanted, loading)
      if (failures.size > 0) throw new ComponentLoadError(failures, this.options.source)
    }
    // What was loaded is disposed when it is loaded again.
    if (await readUnchangedComponents(specs, load)) return
    this.unload(wanted)
    throw new FolderChangedError(this.options.source)
  }

  /** Loads components one after the other; gives the names of those that failed, and why. */
  private async loadEach(
    names: readonly string[],
    { optionsOf, signal, isNamed }: Loading,
  ): Promise<ReadonlyMap<string, unknown>> {
    const failures = new Map<string, unknown>()
    const leftOut = new Set<string>()
    const { commits = new RepositoryCommits() } = this.options
    for (const name of names) {
      if (leftOut.has(name)) continue
      try {
        signal.throwIfAborted()
        await this.loadOne(this.require(name), { commits, ...optionsOf(name) }, signal)
      } catch (error) {
        if (signal.aborted) throw error
        const { withoutFiles, optional } = this.declared(name)
        if (isNamed || !optional || withoutFiles === undefined || !lacksFiles(error)) failures.set(name, error)
        else for (const other of this.leaveOut(name, withoutFiles, error)) leftOut.add(other)
      }
    }
    return failures
  }

  /** Goes without a component whose files are missing, and without what needs it. Returns their names. */
  private leaveOut(name: string, { consequence, leaveOut = [] }: WithoutFiles, cause: ModularError): readonly string[] {
    const unused = leaveOut.filter(other => this.specs.has(other) && this.held.get(other)?.isLoadedHere !== false)
    const names = [name, ...unused]
    this.unload(names)
    for (const one of names) this.takenAway.add(one)
    warnOfLeftOut(names, consequence, cause)
    return names
  }

  private async loadOne(spec: ComponentSpec, options: ComponentLoadOptions, signal: AbortSignal): Promise<void> {
    const { name } = spec
    const { loadsLazily = false, memoryLimit } = this.options.registry ?? {}
    const memory = { ...(loadsLazily && { lazy: true }), ...(memoryLimit !== undefined && { memoryLimit }) }
    const component = await asActivity('load', name, {}, () =>
      outsideRuns(() => spec.load({ ...memory, ...options, signal })),
    )
    try {
      const issue = wrongClass(this.declared(name), component, [])
      if (issue) throw issue
      const peek = (other: string) => this.peek(other)
      await this.declared(name).afterLoad?.(component as never, locationText(spec.located(options)), peek) // Of the declared class.
      signal.throwIfAborted()
    } catch (error) {
      disposeComponent(component)
      throw error
    }
    const { typeHint = componentClassOf(component) } = spec
    const former = this.held.get(name)
    this.specs.set(name, spec.located(options).with({ typeHint, defaultCreationMethod: 'fromPretrained' }))
    // Gone before the new one comes, which a components manager would otherwise take for its duplicate.
    const isOther = former !== undefined && former.component !== component
    const isReplaced = isOther && this.forget(name) && former.isLoadedHere
    if (isReplaced && former.id !== undefined) this.options.registry?.remove(former.id)
    this.put(name, component, true)
    if (isReplaced) disposeComponent(former.component)
  }

  /** Puts a component in its place. */
  private put(name: string, component: unknown, isLoadedHere = false): void {
    const former = this.held.get(name)
    if (former?.component === component && this.container.holds(name)) return
    this.forget(name)
    this.takenAway.delete(name)
    this.container.register(name, { useValue: component })
    hold(component, this.slots.get(name) as object)
    const { registry, collection } = this.options
    const isManaged = registry !== undefined && this.require(name).defaultCreationMethod === 'fromPretrained'
    this.held.set(name, {
      component,
      isLoadedHere,
      id: isManaged ? registry.add(name, component, collection) : undefined,
    })
  }

  private takeAway(name: string): void {
    this.forget(name)
    this.takenAway.add(name)
    this.container.unregister(name)
  }

  /** Tells the registry that this pipeline has released a component: what others hold must stay within the limits of memory. */
  private leaveRegistry(id: string, isLast: boolean): void {
    const { registry, collection } = this.options
    if (isLast) registry?.remove(id)
    else if (collection !== undefined) registry?.removeFromCollection(id, collection)
  }

  /** Holds a component no more; whether nobody does now. */
  private forget(name: string): boolean {
    const held = this.held.get(name)
    this.held.delete(name)
    return held === undefined || release(held.component, this.slots.get(name) as object)
  }
}

/** Where a component lies, for messages. */
function locationText({ pretrainedModelNameOrPath = '', subfolder }: ComponentSpec): string {
  return subfolder === '' ? pretrainedModelNameOrPath : `${pretrainedModelNameOrPath}/${subfolder}`
}

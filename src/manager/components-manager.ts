/** Knows the components of many pipelines, and keeps their weights within memory. Counterpart: diffusers modular_pipelines/components_manager.py. */

import { disposeComponent } from '../container/supplier'
import { ComponentSearchError } from '../errors/component-search-error'
import { emitWarning } from '../errors/emit-warning'
import { InputTypeError } from '../errors/input-type-error'
import { OffloadNotEnabledError } from '../errors/offload-not-enabled-error'
import { nameList } from '../errors/text'
import { UnknownFreeMemoryError } from '../errors/unknown-free-memory-error'
import { UnknownValueError } from '../errors/unknown-value-error'
import { parseByteSize } from '../format/byte-size'
import { classNameOf } from '../format/class-name'
import { CONFIG_LOAD_ID, loadIdOf } from '../params/load-ids'
import type { ComponentRegistry } from '../pipeline/component-registry'
import { terminalColumns } from '../platform/terminal'
import { ComponentCatalog } from './component-catalog'
import { componentId, nameInId } from './component-id'
import { componentsTable } from './components-table'
import { isManagedModel, type ManagedModel } from './managed-model'
import type { ManagerListener, ManagerWarningCode } from './manager-events'
import type {
  AutoCpuOffloadOptions,
  ComponentFilter,
  ComponentsManagerOptions,
  GetOneOptions,
  ResultOptions,
} from './manager-options'
import { type ComponentInfo, infoFields, infoOf } from './model-info'
import { parseNamePattern } from './name-pattern'
import type { OffloadStrategy } from './offload/offload-strategy'
import { type MemoryBudget, Offloader } from './offload/offloader'
import { OFFLOAD_STRATEGIES, type OffloadStrategyName } from './offload/strategies'

const DEFAULT_MARGIN = '3GB'

const REMOVE_ADVICE = "If you do not need both, call remove('<id>')."

/**
 * A registry that pipelines share: what one has loaded, another can use. Components have ids, `<name>_<number>`, and may belong to collections, in
 * each of which a name stands once.
 *
 * ```ts
 * const manager = new ComponentsManager()
 * manager.enableAutoCpuOffload({ limit: '8GB' })
 * const pipe = blocks.initPipeline(bundledModel('emoji'), { componentsManager: manager, collection: 'emoji' })
 * await pipe.loadComponents()
 * const unet = manager.getOne<UNet2DConditionModel>({ name: 'unet', collection: 'emoji' })
 * ```
 */
export class ComponentsManager implements ComponentRegistry {
  private readonly catalog = new ComponentCatalog()
  private readonly pinned = new Set<unknown>()
  private readonly listener: ManagerListener
  private budget: MemoryBudget | undefined
  // Kept when offload is turned off: calls may still be under way.
  private offloader: Offloader | undefined

  constructor({ onEvent = warnThroughProcess }: ComponentsManagerOptions = {}) {
    this.listener = onEvent
  }

  /** All components by id, in the order in which they were added. */
  get components(): ReadonlyMap<string, unknown> {
    return this.catalog.all
  }

  /** The ids in each collection. */
  get collections(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.catalog.collections
  }

  /** Whether models leave memory by themselves. */
  get isAutoCpuOffloadEnabled(): boolean {
    return this.budget !== undefined
  }

  /** Whether models that are loaded for this manager should leave their weights in their files until they are called. */
  get loadsLazily(): boolean {
    return this.isAutoCpuOffloadEnabled
  }

  /** Bytes that the weights in memory may take, if automatic offload has a limit. */
  get memoryLimit(): number | undefined {
    const limit = this.budget?.limit
    return limit === Number.POSITIVE_INFINITY ? undefined : limit
  }

  /**
   * Adds a component under a name, and to a collection, from which a namesake is removed. A component that is here under that name keeps its
   * id. Warns of components that are here under another name, or were loaded from the same place.
   *
   * @returns the id
   * @throws InputTypeError for a name that is not a text; UnknownFreeMemoryError for a model for which no margin can be kept
   */
  add(name: string, component: unknown, collection?: string): string {
    requireName('name', name)
    if (collection !== undefined) requireName('collection', collection)
    if (this.budget) requireMeasurable(this.budget, [component])
    const id = componentId(name, component)
    const isNew = !this.catalog.has(id)
    if (!isNew) this.warn('KNOWN_COMPONENT', `the component "${name}" is already registered as "${id}".`)
    else this.warnOfOtherNames(id, component)
    this.warnOfLoadId(id, component)
    this.catalog.add(id, component)
    if (collection !== undefined) this.addToCollection(id, name, collection)
    if (isNew && this.budget && isManagedModel(component)) this.look(component)
    return id
  }

  /**
   * Removes a component, from all collections too. Its weights leave memory, if it is here under no other name; where it is used all the same, they
   * are read again. An unknown id gives a warning.
   */
  remove(id: string): void {
    if (!this.catalog.has(id)) {
      this.warn('UNKNOWN_COMPONENT', `there is no component "${id}" to remove.`)
      return
    }
    const component = this.catalog.require(id)
    this.catalog.remove(id)
    if (this.catalog.distinct.has(component)) return
    this.pinned.delete(component)
    if (!isManagedModel(component)) return
    if (this.budget && this.offloader) {
      this.offloader.setPinned(component, false)
      this.offloader.release(component)
    } else if (component.callGuard === undefined) component.offload()
  }

  /** Takes a component out of a collection, and removes it where that was its last. Unknown ones give a warning. */
  removeFromCollection(id: string, collection: string): void {
    const ids = this.catalog.membersOf(collection)
    if (ids === undefined) {
      this.warn('UNKNOWN_COLLECTION', `there is no collection "${collection}".`)
      return
    }
    if (!ids.has(id)) {
      this.warn('UNKNOWN_COMPONENT', `there is no component "${id}" in the collection "${collection}".`)
      return
    }
    this.catalog.leave(id, collection)
    if (this.catalog.collectionsOf(id).length > 0) return
    this.warn('REMOVED_WITH_COLLECTION', `"${id}" is removed, as it belongs to no other collection.`)
    this.remove(id)
  }

  /**
   * Components by name: `unet`, `unet*` (begins with), `*unet*` (contains), `unet|vae` (any of these), `!unet|vae` (all others). A text that
   * is not a component's name finds the names that contain it. Parts of names fit in either case. Without a pattern, all are found.
   *
   * @throws ComponentSearchError where a pattern finds nothing, or where names would have to stand for two components; InputTypeError
   */
  searchComponents(
    names?: string | undefined,
    { collection, loadId, keys }: ComponentFilter & ResultOptions = {},
  ): Record<string, unknown> {
    if (names !== undefined && typeof names !== 'string') {
      const expected = 'a search takes one text: a name, or a pattern such as "unet|vae*"'
      throw new InputTypeError({ path: [], input: 'names', kind: 'argument', expected, value: names })
    }
    const ids = this.catalog.find({ collection, loadId })
    if (names === undefined) return this.catalog.pick(ids, keys)
    const matches = parseNamePattern(names, ids.map(nameInId))
    const found = matches ? ids.filter(id => matches(nameInId(id))) : []
    if (found.length > 0) return this.catalog.pick(found, keys)
    throw new ComponentSearchError('none', `no component matches "${names}"; there are ${nameList(ids)}.`)
  }

  /**
   * The one component of an id, or that a search finds.
   *
   * @throws UnknownValueError for an unknown id; ComponentSearchError where an id stands beside other conditions, where nothing is found, or more
   * than one; InputTypeError
   */
  getOne<T = unknown>({ id, name, ...filter }: GetOneOptions): T {
    if (id !== undefined) {
      if (name !== undefined || filter.collection !== undefined || filter.loadId !== undefined) {
        throw new ComponentSearchError('contradiction', 'an id selects one component. Pass only the id.')
      }
      return this.catalog.require(id) as T // The caller says what is there, as everywhere.
    }
    const found = this.searchComponents(name, { ...filter, keys: 'ids' })
    const keys = Object.keys(found)
    if (keys.length === 1) return Object.values(found)[0] as T // As above.
    const asked = name === undefined ? 'the search' : `"${name}"`
    if (keys.length === 0) throw new ComponentSearchError('none', `no component matches ${asked}.`)
    const problem = `more than one component matches ${asked}: ${nameList(keys)}. Pass the id of one, or restrict the search to a collection.`
    throw new ComponentSearchError('several', problem, keys)
  }

  /** The ids of the components of these names, without patterns; of all names, if none is given. An unknown collection has none. */
  getIds(names?: string | readonly string[], collection?: string): string[] {
    const wanted = names === undefined ? [undefined] : [names].flat()
    return [...new Set(wanted.flatMap(name => this.catalog.find({ name, collection })))]
  }

  /**
   * The components of these ids.
   *
   * @throws UnknownValueError; ComponentSearchError where names would have to stand for two of them
   */
  getComponentsByIds(ids: readonly string[], { keys }: ResultOptions = {}): Record<string, unknown> {
    for (const id of ids) this.catalog.require(id)
    return this.catalog.pick([...new Set(ids)], keys)
  }

  /**
   * The components of these names, without patterns: what another pipeline takes with `updateComponents()`. Names that nothing has are left out.
   *
   * @throws ComponentSearchError where a name stands for two of them
   */
  getComponentsByNames(names: string | readonly string[], collection?: string): Record<string, unknown> {
    return this.getComponentsByIds(this.getIds(names, collection))
  }

  /**
   * What is known of a component; of one that is not a model, less.
   *
   * @param fields restricts it to these
   * @throws UnknownValueError for an unknown id or field
   */
  getModelInfo(id: string, fields?: keyof ComponentInfo | readonly (keyof ComponentInfo)[]): Partial<ComponentInfo> {
    const component = this.catalog.require(id)
    const asked = fields === undefined ? undefined : [fields].flat()
    for (const field of asked ?? []) {
      if (!infoFields.includes(field)) {
        throw new UnknownValueError('Information on a component', field, infoFields, 'field')
      }
    }
    const info = infoOf(component, {
      id,
      addedTime: this.catalog.addedTime(id),
      collections: this.catalog.collectionsOf(id),
      isPinned: this.pinned.has(component),
      isGuarded: isManagedModel(component) && component.callGuard !== undefined,
    })
    if (asked === undefined) return info
    return Object.fromEntries(Object.entries(info).filter(([field]) => asked.includes(field as keyof ComponentInfo)))
  }

  /**
   * Lets models leave memory when another that is to be called does not fit beside them; they come back from their files when they are called
   * next. All start outside memory, but for those that are pinned or have no file. What is being called stays, so calls wait for each other where
   * there is no other way. Models that are called directly, by `forward()`, are not waited for.
   *
   * Enabling again changes the settings.
   *
   * @throws InvalidByteSizeError, UnknownValueError for a strategy that does not exist; UnknownFreeMemoryError for a margin that cannot be kept
   */
  enableAutoCpuOffload({
    limit,
    memoryReserveMargin,
    offloadStrategy = 'leastRecentlyUsed',
  }: AutoCpuOffloadOptions = {}): void {
    const chosen = strategyOf(offloadStrategy)
    const margin = memoryReserveMargin ?? (limit === undefined ? DEFAULT_MARGIN : undefined)
    const budget: MemoryBudget = {
      limit: limit === undefined ? Number.POSITIVE_INFINITY : parseByteSize(limit, 'limit'),
      memoryReserveMargin: margin === undefined ? undefined : parseByteSize(margin, 'memoryReserveMargin'),
    }
    requireMeasurable(budget, this.models)
    this.budget = budget
    this.offloader ??= new Offloader(budget, chosen, event => this.listener(event))
    this.offloader.setBudget(budget)
    this.offloader.setStrategy(chosen)
    for (const model of this.models) this.look(model)
  }

  /** Keeps models in memory again, from their next calls on. What is in memory and not pinned leaves it now. Does nothing where offload is off. */
  disableAutoCpuOffload(): void {
    if (this.budget === undefined) return
    this.budget = undefined
    for (const model of this.models) this.offloader?.release(model)
  }

  /**
   * Lets another strategy choose what leaves memory.
   * @throws OffloadNotEnabledError; UnknownValueError for a strategy that does not exist
   */
  setOffloadStrategy(strategy: OffloadStrategyName | OffloadStrategy): void {
    if (this.budget === undefined) throw new OffloadNotEnabledError('setOffloadStrategy')
    this.offloader?.setStrategy(strategyOf(strategy))
  }

  /** Keeps a component's weights in memory once they are loaded, even if others need the memory. @throws UnknownValueError */
  pin(id: string): void {
    this.setPinned(id, true)
  }

  /** Lets a component leave memory again. @throws UnknownValueError */
  unpin(id: string): void {
    this.setPinned(id, false)
  }

  /** Disposes all components that can be disposed, and forgets them. Calls come to their ends first where they hold memory of a runtime. */
  dispose(): void {
    this.disableAutoCpuOffload()
    const components = this.catalog.distinct
    this.catalog.clear()
    this.pinned.clear()
    for (const component of components) disposeComponent(component)
  }

  /**
   * The components as a table: models, with where their weights are, and all others.
   *
   * @param width columns that there are; what does not fit is cut, and then left out. Default: those of the terminal, or 100
   */
  toString(width: number = terminalColumns() ?? 100): string {
    const entries = [...this.catalog.all.keys()].map(id => ({
      ...(this.getModelInfo(id) as ComponentInfo), // No field is left out.
      collections: this.catalog.collectionsOf(id),
    }))
    return componentsTable(entries, width)
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  /** Models, each once. */
  private get models(): readonly ManagedModel[] {
    return [...this.catalog.distinct].filter(isManagedModel)
  }

  /** Hands a model to the offloader, under the id by which it came first. */
  private look(model: ManagedModel): void {
    const [id] = [...this.catalog.all].find(([, component]) => component === model) as [string, unknown]
    this.offloader?.take(model, id, this.pinned.has(model))
  }

  private setPinned(id: string, isPinned: boolean): void {
    const component = this.catalog.require(id)
    if (isPinned) this.pinned.add(component)
    else this.pinned.delete(component)
    if (isManagedModel(component)) this.offloader?.setPinned(component, isPinned)
  }

  private addToCollection(id: string, name: string, collection: string): void {
    if (this.catalog.membersOf(collection)?.has(id)) return
    for (const other of this.catalog.find({ name, collection })) {
      this.warn('REPLACED_IN_COLLECTION', `"${id}" replaces "${other}" in the collection "${collection}".`)
      this.removeFromCollection(other, collection)
    }
    this.catalog.join(id, collection)
  }

  private warnOfOtherNames(id: string, component: unknown): void {
    for (const [other, known] of this.catalog.all) {
      if (known !== component) continue
      this.warn('DUPLICATE_COMPONENT', `"${id}" is the same component as "${other}". ${REMOVE_ADVICE}`)
    }
  }

  private warnOfLoadId(id: string, component: unknown): void {
    const loadId = loadIdOf(component)
    if (loadId === undefined || loadId === CONFIG_LOAD_ID) return
    const others = this.catalog.find({ loadId }).filter(other => other !== id)
    if (others.length === 0) return
    const message = `"${id}" was loaded from the same place (${loadId}) as ${nameList(others)}. ${REMOVE_ADVICE}`
    this.warn('DUPLICATE_LOAD_ID', message)
  }

  private warn(code: ManagerWarningCode, message: string): void {
    this.listener({ type: 'warning', code, message: `ComponentsManager: ${message}` })
  }
}

/** Where nobody listens, warnings go as Node's own do. */
const warnThroughProcess: ManagerListener = event => {
  if (event.type === 'warning') emitWarning(event.code, event.message)
}

/** @throws UnknownValueError */
function strategyOf(strategy: OffloadStrategyName | OffloadStrategy): OffloadStrategy {
  if (typeof strategy === 'function') return strategy
  if (Object.hasOwn(OFFLOAD_STRATEGIES, strategy)) return OFFLOAD_STRATEGIES[strategy]
  throw new UnknownValueError('ComponentsManager', strategy, Object.keys(OFFLOAD_STRATEGIES), 'offload strategy')
}

/** @throws UnknownFreeMemoryError */
function requireMeasurable({ memoryReserveMargin }: MemoryBudget, components: readonly unknown[]): void {
  if (memoryReserveMargin === undefined) return
  for (const model of components) {
    if (!isManagedModel(model) || model.memory.available() !== undefined) continue
    throw new UnknownFreeMemoryError(classNameOf(model), model.device)
  }
}

/** @throws InputTypeError */
function requireName(input: string, name: unknown): void {
  if (typeof name === 'string' && name !== '') return
  throw new InputTypeError({
    path: [],
    input,
    kind: 'argument',
    expected: 'it must be a text that is not empty',
    value: name,
  })
}

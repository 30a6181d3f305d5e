/** Options of the components manager. */
import type { ByteSize } from '../format/byte-size'
import type { ManagerListener } from './manager-events'
import type { OffloadStrategy } from './offload/offload-strategy'
import type { OffloadStrategyName } from './offload/strategies'

/** Options of a {@link ComponentsManager}. */
export interface ComponentsManagerOptions {
  /** Told what happens, warnings too. Without it, warnings go the way of Node's own, as `TesseraeWarning`. */
  onEvent?: ManagerListener
}

/** Restricts a search; all that is stated must hold. */
export interface ComponentFilter {
  /** Name of a collection. */
  collection?: string | undefined
  /** Where the component was loaded from: the `loadId` of its spec. */
  loadId?: string | undefined
}

/** How {@link ComponentsManager.getOne} finds a component: by its id, or by anything else. */
export interface GetOneOptions extends ComponentFilter {
  /** Id of the component. */
  id?: string | undefined
  /** A name or a pattern, as {@link ComponentsManager.searchComponents} takes it. */
  name?: string | undefined
}

/** What the keys of a result are. */
export interface ResultOptions {
  /** Whether components stand under their names, which then must differ, or under their ids. Default: names. */
  keys?: 'names' | 'ids' | undefined
}

/** Options of {@link ComponentsManager.enableAutoCpuOffload}. */
export interface AutoCpuOffloadOptions {
  /** Bytes of weights that all models together may have in memory, or a text such as `8GB`. Default: none, where a margin is kept. */
  limit?: ByteSize | undefined
  /** Bytes of memory that must stay free for all that is not weights. Default: `3GB`, or nothing where there is a limit. */
  memoryReserveMargin?: ByteSize | undefined
  /** Chooses what leaves memory. Default: `leastRecentlyUsed`; `smallestCombination` is that of diffusers. */
  offloadStrategy?: OffloadStrategyName | OffloadStrategy | undefined
}

/** What a components manager knows of a component. Counterpart: ComponentsManager.get_model_info of diffusers. */
import { classNameOf } from '../format/class-name'
import { loadIdOf } from '../params/load-ids'
import { isManagedModel } from './managed-model'

/** Information on a component. Fields that only models have are absent for others. */
export interface ComponentInfo {
  /** Id in the manager. */
  readonly modelId: string
  /** When the component was added. */
  readonly addedTime: Date
  /** Names of the collections, joined by `, `; `null` if none exists. */
  readonly collection: string | null
  readonly className: string
  /** Where it was loaded from; `null` if it was made by hand. */
  readonly loadId: string | null
  /** Element type of the weights. */
  readonly dtype?: string
  /** Bytes of the weights where the model computes. */
  readonly bytes?: number
  /** The same in units of 1024³. */
  readonly sizeGb?: number
  /** Bytes of weights that are in memory now. */
  readonly residentBytes?: number
  /** What computes the model. */
  readonly executionDevice?: string
  /** Whether automatic offload looks after the model. */
  readonly hasHook?: boolean
  /** Whether the weights may leave memory; `pinned` where somebody said that they may not, `no file` where they could not come back. */
  readonly stays?: 'pinned' | 'no file' | null
  /** Names of its adapters. */
  readonly adapters?: readonly string[] | null
  /** Its IP-Adapters. */
  readonly ipAdapter?: Readonly<Record<string, unknown>>
  /** How its weights are quantized. */
  readonly quantization?: Readonly<Record<string, unknown>> | null
}

/** The names of all fields. */
export const infoFields: readonly (keyof ComponentInfo)[] = [
  'modelId',
  'addedTime',
  'collection',
  'className',
  'loadId',
  'dtype',
  'bytes',
  'sizeGb',
  'residentBytes',
  'executionDevice',
  'hasHook',
  'stays',
  'adapters',
  'ipAdapter',
  'quantization',
]

/** What the manager itself knows. */
interface ManagerFacts {
  id: string
  addedTime: Date
  collections: readonly string[]
  isPinned: boolean
  isGuarded: boolean
}

/** All that is known of a component. */
export function infoOf(component: unknown, { id, addedTime, collections, isPinned, isGuarded }: ManagerFacts) {
  const info: ComponentInfo = {
    modelId: id,
    addedTime,
    collection: collections.length === 0 ? null : collections.join(', '),
    className: classNameOf(component),
    loadId: loadIdOf(component) ?? null,
  }
  if (!isManagedModel(component)) return info
  const { dtype, memoryFootprint, residentBytes, device, canOffload, adapters, ipAdapter, quantization } = component
  const about: ComponentInfo = {
    ...info,
    dtype,
    bytes: memoryFootprint,
    sizeGb: memoryFootprint / 1024 ** 3,
    residentBytes,
    executionDevice: device,
    hasHook: isGuarded,
    stays: isPinned ? 'pinned' : canOffload ? null : 'no file',
    adapters: adapters ?? null,
    ...(ipAdapter && { ipAdapter }),
    quantization: quantization ?? null,
  }
  return about
}

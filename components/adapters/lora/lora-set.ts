/** The LoRAs of a pipeline: which are loaded, and which take part with which weight. */
import type { ModuleHook } from '../../models/hooks/module-hook'
import type { PretrainedModel } from '../../models/pretrained-model'
import type { AdaptedCall, AdapterSet } from '../adapters'
import type { SharedWeights } from '../shared-weights'
import { type AdapterWeight, type ExpandedWeights, layerWeights } from './block-weights'
import type { LoraComponent } from './lora-keys'
import type { LoraNetwork } from './lora-network'

/** The kind of set that LoRAs are among a pipeline's adapters. */
export const LORA = 'lora'

/** One file, as it was loaded. */
export interface LoraAdapter {
  readonly name: string
  /** The file. */
  readonly file: string
  /** What it changes, by component. */
  readonly networks: ReadonlyMap<LoraComponent, LoraNetwork>
  readonly weights: SharedWeights
}

/** A LoRA that takes part. */
export interface ActiveLora {
  readonly name: string
  /** As it was given. */
  readonly weight: AdapterWeight
  readonly expanded: ExpandedWeights
}

/** A model that LoRAs were added to for good, until it is taken apart again. */
export interface FusedModel {
  readonly original: PretrainedModel
  readonly model: PretrainedModel
  /** Whether the pipeline itself held the original, and no container that it shares. */
  readonly isOwn: boolean
  /** Names of the LoRAs in it. */
  readonly adapters: ReadonlySet<string>
  readonly weights: SharedWeights
}

/** What a {@link LoraSet} consists of. */
export interface LoraSetParts {
  /** By name, in the order in which they were loaded. */
  readonly adapters: ReadonlyMap<string, LoraAdapter>
  readonly active: readonly ActiveLora[]
  /** Whether those that are active take part at all. */
  readonly isEnabled: boolean
  readonly fused: ReadonlyMap<LoraComponent, FusedModel>
}

/** The LoRAs of a pipeline as they are at one time. */
export class LoraSet implements AdapterSet {
  private constructor(readonly parts: LoraSetParts) {}

  /** No LoRA. */
  static readonly none = new LoraSet({ adapters: new Map(), active: [], isEnabled: true, fused: new Map() })

  /** Another set, with some parts replaced. */
  with(changes: Partial<LoraSetParts>): LoraSet {
    return new LoraSet({ ...this.parts, ...changes })
  }

  /** Whether nothing is loaded or fused. */
  get isEmpty(): boolean {
    return this.parts.adapters.size === 0 && this.parts.fused.size === 0
  }

  get weights(): readonly SharedWeights[] {
    const { adapters, fused } = this.parts
    return [...adapters.values(), ...fused.values()].map(({ weights }) => weights)
  }

  hooksFor({ component, model, scale }: AdaptedCall): readonly ModuleHook[] {
    const { adapters, active, isEnabled, fused } = this.parts
    if (!isEnabled) return []
    const ofComponent = component as LoraComponent // Others have no LoRA.
    const inModel = fused.get(ofComponent)
    return active.flatMap(({ name, expanded }) => {
      // What is a part of the model's weights takes part already.
      if (inModel?.model === model && inModel.adapters.has(name)) return []
      const network = adapters.get(name)?.networks.get(ofComponent)
      return network?.hooks(model, layerWeights(expanded, ofComponent, scale)) ?? []
    })
  }
}

/** The layers of a LoRA for one model. */
import { classNameOf } from '../../../src/format/class-name'
import type { ModuleHook } from '../../models/hooks/module-hook'
import { Module } from '../../nn/module'
import type { LayerWeights } from './block-weights'
import { LayerNames } from './layer-names'
import { LoraError } from './lora-error'
import type { LoraComponent } from './lora-keys'
import type { LoraLayer } from './lora-layer'
import { misshapen } from './lora-shapes'

/** What a LoRA changes in one model. */
export class LoraNetwork extends Module {
  private readonly layers: readonly LoraLayer[]
  private readonly places: readonly string[]
  /** Models that were compared with it. */
  private readonly fitting = new WeakSet<Module>()

  /** @param layers - by the state-dict names of the layers that they change */
  constructor(
    readonly component: LoraComponent,
    /** The file that the weights are in. */
    readonly file: string,
    layers: ReadonlyMap<string, LoraLayer>,
  ) {
    super()
    this.layers = [...layers.values()]
    this.places = [...layers.keys()]
  }

  /** The layers, with the state-dict names of those that they change. */
  *entries(): Generator<readonly [place: string, layer: LoraLayer]> {
    for (const [i, layer] of this.layers.entries()) yield [this.places[i] as string, layer]
  }

  /**
   * The hooks that add the layers to a model.
   *
   * @param weights - factors on the layers beside alpha / rank
   * @throws LoraError if the model is another than the one that the LoRA was loaded for, and its layers differ
   */
  hooks(model: Module, weights: LayerWeights): ModuleHook[] {
    this.requireFit(model)
    return [...this.entries()].map(([module, layer]) => ({
      name: 'lora',
      module,
      weights: this,
      numbers: [layer.scale * weights.of(module)],
      forward: hooked => layer.forward(hooked),
    }))
  }

  /** Makes sure that a model has the layers. @throws LoraError */
  requireFit(model: Module): void {
    if (this.fitting.has(model)) return
    const names = new LayerNames(this.component, model)
    for (const [place, { down, up, mid }] of this.entries()) {
      const base = names.layers.get(place)
      const name = classNameOf(model)
      if (base === undefined) {
        throw new LoraError(this.file, 'wrong-shape', `is for another model: this ${name} has no layer ${place}.`, [
          place,
        ])
      }
      const problem = misshapen(base, { down: down.shape, up: up.shape, mid: mid?.shape })
      if (problem) throw new LoraError(this.file, 'wrong-shape', `is for another model: ${place} ${problem}.`, [place])
    }
    this.fitting.add(model)
  }
}

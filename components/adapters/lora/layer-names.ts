/** Finds layers of models by the names that LoRA files have for them. */
import { Conv2d } from '../../nn/conv2d'
import { Linear } from '../../nn/linear'
import type { Module } from '../../nn/module'
import type { LoraComponent, LoraKey } from './lora-keys'
import { originalUNetNames } from './original-unet-names'

/** A layer that a LoRA can change. */
export type AdaptableLayer = Linear | Conv2d

/** The layers of one model. */
export class LayerNames {
  /** By state-dict name. */
  readonly layers: ReadonlyMap<string, AdaptableLayer>
  private readonly plain: ReadonlyMap<string, string>
  private readonly flat: ReadonlyMap<string, string>

  constructor(component: LoraComponent, model: Module) {
    const modules = [...model.namedModules()]
    this.layers = new Map(modules.filter((entry): entry is [string, AdaptableLayer] => isAdaptable(entry[1])))
    const names = [...this.layers.keys()]
    if (component === 'unet') {
      const original = originalUNetNames(modules.map(([name]) => name))
      const spelled = names.flatMap(name => [
        [name, name] as const,
        ...(original.get(name) ?? []).map(other => [other, name] as const),
      ])
      this.plain = new Map(spelled)
    } else {
      // Files have the name with or without that of the model inside.
      this.plain = new Map(
        names.flatMap(name => {
          const bare = name.replace(/^text_model\./, '')
          return [[bare, name] as const, [`text_model.${bare}`, name] as const]
        }),
      )
    }
    // Underscores in place of dots can only be read by the list of all names.
    this.flat = new Map([...this.plain].map(([spelling, name]) => [spelling.replaceAll('.', '_'), name]))
  }

  /** The state-dict name of the layer of a key; `undefined` if the model has no such layer. */
  find({ layer, isFlat }: LoraKey): string | undefined {
    return (isFlat ? this.flat : this.plain).get(layer)
  }
}

function isAdaptable(module: Module): module is AdaptableLayer {
  return module instanceof Linear || module instanceof Conv2d
}

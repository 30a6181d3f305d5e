/** What the functions for LoRAs need of a pipeline. */
import { classNameOf } from '../../../src/format/class-name'
import type { ModularPipeline } from '../../../src/pipeline/modular-pipeline'
import { PretrainedModel } from '../../models/pretrained-model'
import { adaptersOf, missingComponent } from '../adapted-pipeline'
import type { LoraComponent } from './lora-keys'
import { LORA, LoraSet } from './lora-set'
import type { LoraModels } from './read-lora'

/** The components that a LoRA may change. */
export const LORA_COMPONENTS = ['unet', 'textEncoder', 'textEncoder2'] as const satisfies readonly LoraComponent[]

/** The LoRAs of a pipeline. @throws as {@link adaptersOf} */
export function lorasOf(pipe: ModularPipeline): LoraSet {
  return adaptersOf(pipe).get<LoraSet>(LORA) ?? LoraSet.none
}

/** Puts other LoRAs in the place of those of a pipeline, for the runs that begin afterwards. */
export function putLoras(pipe: ModularPipeline, set: LoraSet): void {
  adaptersOf(pipe).set(LORA, set.isEmpty ? undefined : set)
}

/** The models of a pipeline that LoRAs may change. @throws MissingComponentError before the UNet is loaded */
export function adaptableModels(pipe: ModularPipeline): LoraModels {
  const components = pipe.components as Readonly<Record<string, unknown>>
  const { unet } = components
  if (!(unet instanceof PretrainedModel)) {
    throw missingComponent(pipe, 'unet', unet === undefined ? undefined : classNameOf(unet as object))
  }
  return Object.fromEntries(
    LORA_COMPONENTS.flatMap(name => {
      const model = components[name]
      return model instanceof PretrainedModel ? [[name, model]] : []
    }),
  )
}

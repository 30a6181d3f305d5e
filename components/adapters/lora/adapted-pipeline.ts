/** What the functions for LoRAs need of a pipeline. */
import { ComponentTypeError } from '../../../src/errors/component-type-error'
import { MissingComponentError } from '../../../src/errors/missing-component-error'
import { classNameOf } from '../../../src/format/class-name'
import type { ModularPipeline } from '../../../src/pipeline/modular-pipeline'
import { PretrainedModel } from '../../models/pretrained-model'
import { Adapters } from '../adapters'
import type { LoraComponent } from './lora-keys'
import { LORA, LoraSet } from './lora-set'
import type { LoraModels } from './read-lora'

/** The components that a LoRA may change. */
export const LORA_COMPONENTS = ['unet', 'textEncoder', 'textEncoder2'] as const satisfies readonly LoraComponent[]

/** The adapters of a pipeline. @throws ComponentTypeError for a pipeline whose blocks take none */
export function adaptersOf(pipe: ModularPipeline): Adapters {
  const { adapters } = pipe.components as { adapters?: unknown }
  if (adapters instanceof Adapters) return adapters
  throw new ComponentTypeError([], 'adapters', 'an Adapters, which blocks that take LoRAs ask for', 'missing')
}

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
    const available = pipe.componentNames.filter(name => components[name] !== undefined)
    const loadable = pipe.getComponentSpec('unet')?.pretrainedModelNameOrPath
    const className = unet === undefined ? undefined : classNameOf(unet as object)
    throw new MissingComponentError({ path: [], component: 'unet', className, loadable, available })
  }
  return Object.fromEntries(
    LORA_COMPONENTS.flatMap(name => {
      const model = components[name]
      return model instanceof PretrainedModel ? [[name, model]] : []
    }),
  )
}

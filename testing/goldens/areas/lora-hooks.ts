/** The hooks of the LoRA files beside a recorded model. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EVERYWHERE, layerWeights } from '../../../components/adapters/lora/block-weights'
import type { LoraComponent } from '../../../components/adapters/lora/lora-keys'
import { readLora } from '../../../components/adapters/lora/read-lora'
import type { ModuleHook } from '../../../components/models/hooks/module-hook'
import type { PretrainedModel } from '../../../components/models/pretrained-model'

/** Calls `work` with the hooks of each LoRA file of a folder, one after the other: all are the same LoRA. */
export async function withLoraFiles(
  { folder, component = 'unet', model }: { folder: string; component?: LoraComponent; model: PretrainedModel },
  scale: number,
  work: (hooks: readonly ModuleHook[]) => Promise<void>,
): Promise<void> {
  for (const name of readdirSync(folder).filter(file => /^lora_.*\.safetensors$/.test(file))) {
    const networks = await readLora(join(folder, name), { [component]: model })
    try {
      await work(networks.flatMap(network => network.hooks(model, layerWeights(EVERYWHERE, component, scale))))
    } finally {
      for (const network of networks) network.dispose()
    }
  }
}

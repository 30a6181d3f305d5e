/** What the `models` area needs for adapters: the image projections of IP-Adapters, and what adapters change inside of a UNet. */
import { join } from 'node:path'
import { matchProjection } from '../../../components/adapters/ip-adapter/image-projection-keys'
import { IPAdapter } from '../../../components/adapters/ip-adapter/ip-adapter'
import { IPAdapterSet } from '../../../components/adapters/ip-adapter/ip-adapter-set'
import { CheckpointView } from '../../../components/checkpoints/checkpoint-view'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { selectExecutor } from '../../../components/executors/select-executor'
import { freeUConfig, freeUHooks } from '../../../components/models/hooks/free-u'
import type { ModuleHook } from '../../../components/models/hooks/module-hook'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { loadStateDict } from '../../../components/nn/load-state-dict'
import * as tf from '../../../components/tensors/tf'
import type { Json } from '../golden-case'
import type { ModelSubject } from './model-subjects'

/** Hooks for a call, and what was made for them. */
export interface CallHooks {
  readonly hooks: readonly ModuleHook[]
  dispose(): void
}

/** Arguments of the reference that are hooks here. */
export const hookArguments = ['freeu', 'ip_adapter_scale', 'image_embeds'] as const

/** The image projection in a file, with the names of the goldens. */
export async function loadProjection(folder: string, file: string): Promise<ModelSubject> {
  const path = join(folder, file)
  const checkpoint = await SafetensorsFile.open(path)
  const prefix = 'image_proj.'
  const tensors = checkpoint.keys.map(key => [key.slice(prefix.length), checkpoint.info(key)] as const)
  await checkpoint.close()
  const { projection, tensors: renamed } = matchProjection(new Map(tensors), path)
  await loadStateDict(projection, new CheckpointView(path, renamed), { lazy: true })
  const { executor } = await selectExecutor()
  return {
    model: projection.useExecutor(executor),
    call: async (_kind, inputs) => ({ tokens: await projection.call(inputs.x as tf.Tensor) }),
  }
}

/** The hooks for the arguments of a call that are hooks here. */
export async function adapterHooks(
  folder: string,
  args: Json,
  embeds: tf.Tensor | undefined,
  model: PretrainedModel,
): Promise<CallHooks> {
  if (!(model instanceof UNet2DConditionModel)) return { hooks: [], dispose: () => undefined }
  const freeU = args.freeu === undefined ? [] : freeUHooks(model, freeUConfig.parse(args.freeu))
  if (embeds === undefined) return { hooks: freeU, dispose: () => undefined }
  const adapter = await IPAdapter.fromSingleFile(join(folder, 'ip_adapter.safetensors'), model)
  const [batch = 0, pictures = 0, ...rest] = embeds.shape
  const rows = embeds.reshape([batch * pictures, ...rest])
  const flat = await adapter.projection.call(rows)
  const tokens = flat.reshape([batch, pictures, ...flat.shape.slice(1)])
  const set = IPAdapterSet.of([adapter]).withScale(args.ip_adapter_scale as number, model)
  return {
    hooks: [...freeU, ...set.hooks(model, { ipAdapterTokens: [tokens] })],
    dispose: () => {
      tf.dispose([rows, flat, tokens])
      adapter.dispose()
    },
  }
}

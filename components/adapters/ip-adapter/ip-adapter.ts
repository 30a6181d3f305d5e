/** An IP-Adapter: pictures beside the prompt. Counterpart: loaders/unet.py (_load_ip_adapter_weights), loaders/ip_adapter.py. */
import { dirname, join } from 'node:path'
import { emitWarning } from '../../../src/errors/emit-warning'
import { shownNames } from '../../../src/errors/text'
import { pathOf } from '../../../src/files/path-of'
import { classNameOf } from '../../../src/format/class-name'
import type { TensorInfo } from '../../checkpoints/checkpoint'
import { CheckpointView } from '../../checkpoints/checkpoint-view'
import { readFloat32 } from '../../checkpoints/read-tensor'
import { SafetensorsFile } from '../../checkpoints/safetensors-file'
import type { IPImageProjection } from '../../models/ip-adapter/ip-image-projection'
import { Attention } from '../../models/layers/attention'
import type { UNet2DConditionModel } from '../../models/unet-2d-condition/unet-2d-condition-model'
import { loadStateDict } from '../../nn/load-state-dict'
import { Module } from '../../nn/module'
import { countNonFiniteAsync } from '../../tensors/non-finite'
import { fileHint } from '../file-hint'
import { matchProjection } from './image-projection-keys'
import { IPAdapterError } from './ip-adapter-error'
import { IPAttention } from './ip-attention'

/** The two groups of tensors in a file. */
const PROJECTION = 'image_proj.'
const ATTENTION = 'ip_adapter.'

/** All layers of an adapter, with the numbers of its file. */
class IPAttentionLayers extends Module {
  constructor(readonly ipAdapter: readonly (IPAttention | undefined)[]) {
    super()
  }
}

/** A projection of pictures to tokens, and for each layer of cross-attention what looks at them. Its weights stay in their file. */
export class IPAdapter {
  private constructor(
    /** The file. */
    readonly file: string,
    /** Turns the embedding of a picture into tokens. */
    readonly projection: IPImageProjection,
    /** By the state-dict names of the layers of cross-attention. */
    readonly layers: ReadonlyMap<string, IPAttention>,
  ) {}

  /**
   * Opens a file, and checks that it is an adapter for a UNet.
   *
   * @throws MissingFileError, PickleCheckpointError, SafetensorsError; StateDictError for tensors that are missing or of another shape; IPAdapterError for a
   * file that is not an adapter, is one for another model, or holds NaN; the reason of `signal`
   */
  static async fromSingleFile(
    source: string | URL,
    unet: UNet2DConditionModel,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<IPAdapter> {
    const path = pathOf(source, 'file')
    const checkpoint = await SafetensorsFile.open(path)
    const tensors = new Map(checkpoint.keys.map(key => [key, checkpoint.info(key)]))
    await checkpoint.close()
    const { projection, tensors: projectionTensors } = matchProjection(group(tensors, PROJECTION, path), path)
    const layers = layersFor(unet, group(tensors, ATTENTION, path), { path, channels: projection.crossAttentionDim })
    const attention = new IPAttentionLayers(layers.flatMap(([, layer]) => [undefined, layer]))
    const own = new Map([...tensors].filter(([key]) => key.startsWith(ATTENTION)))
    const others = [...tensors.keys()].filter(key => !key.startsWith(PROJECTION) && !key.startsWith(ATTENTION))
    const how = { lazy: true, signal }
    try {
      const loaded = [
        await loadStateDict(projection, new CheckpointView(path, projectionTensors), how),
        await loadStateDict(attention, new CheckpointView(path, own), how),
      ]
      warnOfUnused([...loaded.flatMap(({ unused }) => unused), ...others], path)
      await requireFinite([projection, attention], path, signal)
    } catch (error) {
      projection.dispose()
      attention.dispose()
      throw error
    }
    return new IPAdapter(path, projection.useExecutor(unet.executor), new Map(layers))
  }

  /** Where an image encoder is that comes with the file: in a folder beside it. */
  encoderFolder(name: string): string {
    return join(dirname(this.file), name)
  }

  /** Disposes the weights. */
  dispose(): void {
    this.projection.dispose()
    for (const layer of this.layers.values()) layer.dispose()
  }
}

/** The state-dict names of a UNet's layers of cross-attention in the order of an adapter's numbers: the way down, the way up, the middle. */
export function crossAttentionLayers(
  unet: UNet2DConditionModel,
): readonly (readonly [name: string, layer: Attention])[] {
  const layers = [...unet.namedModules()].filter(
    (entry): entry is readonly [string, Attention] => entry[1] instanceof Attention && entry[0].endsWith('.attn2'),
  )
  const rank = ([name]: readonly [string, Attention]) => ['down', 'up', 'mid'].findIndex(part => name.startsWith(part))
  return layers.sort((a, b) => rank(a) - rank(b))
}

/** The tensors of one of the groups of a file, by their keys without its name. @throws IPAdapterError if none exist */
function group(
  tensors: ReadonlyMap<string, TensorInfo>,
  prefix: string,
  path: string,
): ReadonlyMap<string, TensorInfo> {
  const own = [...tensors].filter(([key]) => key.startsWith(prefix))
  if (own.length > 0) return new Map(own.map(([key, info]) => [key.slice(prefix.length), info]))
  const keys = [...tensors.keys()]
  const problem =
    `It is not an IP-Adapter: none of its ${keys.length} tensors is named ${prefix}…, which an adapter's are. ` +
    `Its tensors are ${shownNames(keys.slice(0, 10))}. `
  const hint = fileHint({ keys, info: key => tensors.get(key) as TensorInfo })
  throw new IPAdapterError(
    path,
    `${problem}${hint === '' ? 'Pass a file such as ip-adapter_sd15.safetensors.' : hint.trimStart()}`,
  )
}

/** Makes a layer without weights for each layer of cross-attention. @throws IPAdapterError for an adapter of another model */
function layersFor(
  unet: UNet2DConditionModel,
  tensors: ReadonlyMap<string, TensorInfo>,
  { path, channels }: { path: string; channels: number },
): (readonly [name: string, layer: IPAttention])[] {
  const lora = [...tensors.keys()].filter(key => key.includes('_lora.'))
  if (lora.length > 0) {
    const problem = `It contains a LoRA (${lora.length} tensors), as FaceID adapters do. This is unsupported. `
    throw new IPAdapterError(path, `${problem}Use a base, plus or full-face adapter.`)
  }
  const places = crossAttentionLayers(unet)
  const [, first] = places[0] ?? []
  const model = classNameOf(unet)
  const count = [...tensors.keys()].filter(key => key.endsWith('.to_k_ip.weight')).length
  const expected = first?.toK.inFeatures
  if (expected !== channels || count !== places.length) {
    const made = `It was made for a UNet with ${count} layers of cross-attention over ${channels} channels`
    const here = expected === undefined ? 'has none' : `has ${places.length} over ${expected}`
    throw new IPAdapterError(path, `${made}, but this ${model} ${here}. Use the adapter for this family of models.`)
  }
  return places.map(([name, { toK, toQ }]) => [
    name,
    new IPAttention({ crossAttentionDim: toK.inFeatures, innerDim: toQ.outFeatures }),
  ])
}

function warnOfUnused(keys: readonly string[], path: string): void {
  if (keys.length === 0) return
  emitWarning(
    'UNUSED_WEIGHTS',
    `${path}: tensors that are not parts of an IP-Adapter were ignored: ${shownNames(keys)}.`,
  )
}

/** @throws IPAdapterError for weights that are NaN or infinite */
async function requireFinite(modules: readonly Module[], path: string, signal: AbortSignal | undefined): Promise<void> {
  for (const { source } of modules.flatMap(module => module.parameters())) {
    signal?.throwIfAborted()
    if (source === undefined) continue
    const wrong = await countNonFiniteAsync(await readFloat32(source), signal)
    if (wrong === 0) continue
    throw new IPAdapterError(path, `It is damaged: ${wrong} of its weights are NaN or infinite. Download it again.`)
  }
}

/**
 * From the image projection of a published file to ours: which it is, its sizes, and its keys.
 * Counterpart: loaders/unet.py (_convert_ip_adapter_image_proj_to_diffusers).
 */
import type { TensorInfo } from '../../checkpoints/checkpoint'
import { splitRows } from '../../checkpoints/checkpoint-view'
import { ImageProjection } from '../../models/ip-adapter/image-projection'
import { IPAdapterFaceIDImageProjection } from '../../models/ip-adapter/ip-adapter-face-id-image-projection'
import { IPAdapterFullImageProjection } from '../../models/ip-adapter/ip-adapter-full-image-projection'
import { IPAdapterPlusImageProjection } from '../../models/ip-adapter/ip-adapter-plus-image-projection'
import type { IPImageProjection } from '../../models/ip-adapter/ip-image-projection'
import { IPAdapterError } from './ip-adapter-error'

/** The tensors of a projection by their keys in the file, without `image_proj.`. */
export type ProjectionTensors = ReadonlyMap<string, TensorInfo>

/** A projection without weights, and its tensors by our names. */
export interface MatchedProjection {
  readonly projection: IPImageProjection
  readonly tensors: ProjectionTensors
}

/** Tokens that the base adapter makes of a picture: its file does not say. */
const BASE_TOKENS = 4

/** Width of a head of the resampler. */
const DIM_HEAD = 64

/** A way to recognise and to make a projection. */
interface ProjectionKind {
  /** The key that no other kind has. */
  readonly key: string
  readonly create: (sizes: Sizes) => IPImageProjection
  /** Our names for keys of the file. */
  readonly names: readonly (readonly [pattern: RegExp, name: string])[]
}

/** The kinds in the order in which diffusers looks for them. */
const KINDS: readonly ProjectionKind[] = [
  {
    key: 'proj.weight',
    create: sizes =>
      new ImageProjection({
        imageEmbedDim: sizes.of('proj.weight', 1),
        crossAttentionDim: sizes.of('norm.weight', 0),
        numTokens: BASE_TOKENS,
      }),
    names: [[/^proj\./, 'image_embeds.']],
  },
  {
    key: 'proj.3.weight',
    create: sizes =>
      new IPAdapterFullImageProjection({
        imageEmbedDim: sizes.of('proj.0.weight', 1),
        crossAttentionDim: sizes.of('proj.3.weight', 0),
      }),
    names: [
      [/^proj\.0\./, 'ff.net.0.proj.'],
      [/^proj\.2\./, 'ff.net.2.'],
      [/^proj\.3\./, 'norm.'],
    ],
  },
  {
    key: 'norm.weight',
    create: sizes =>
      new IPAdapterFaceIDImageProjection({
        imageEmbedDim: sizes.of('proj.0.weight', 1),
        crossAttentionDim: sizes.of('norm.weight', 0),
        numTokens: Math.floor(sizes.of('proj.2.weight', 0) / sizes.of('norm.weight', 0)),
        innerDim: sizes.of('proj.0.weight', 0),
      }),
    names: [
      [/^proj\.0\./, 'ff.net.0.proj.'],
      [/^proj\.2\./, 'ff.net.2.'],
    ],
  },
  {
    key: 'latents',
    create: sizes =>
      new IPAdapterPlusImageProjection({
        imageEmbedDim: sizes.of('proj_in.weight', 1),
        crossAttentionDim: sizes.of('proj_out.weight', 0),
        hiddenDim: sizes.of('latents', 2),
        innerDim: sizes.of('layers.0.ff.1.net.0.proj.weight', 0),
        heads: Math.floor(sizes.of('layers.0.attn.to_q.weight', 0) / DIM_HEAD),
        numTokens: sizes.of('latents', 1),
        numLayers: sizes.count(/^layers\.(\d+)\./),
      }),
    names: [
      [/^(layers\.\d+)\.0\.norm1\./, '$1.ln0.'],
      [/^(layers\.\d+)\.0\.norm2\./, '$1.ln1.'],
      [/^(layers\.\d+)\.(?:0|attn)\.to_out\.weight$/, '$1.attn.to_out.0.weight'],
      [/^(layers\.\d+)\.0\.to_/, '$1.attn.to_'],
      [/^(layers\.\d+)\.1\.0\./, '$1.ff.0.'],
      [/^(layers\.\d+)\.1\.1\./, '$1.ff.1.net.0.proj.'],
      [/^(layers\.\d+)\.1\.3\./, '$1.ff.1.net.2.'],
    ],
  },
]

/** Keys of a projection that needs two embeddings of one face. */
const FACE_ID_PLUS = 'perceiver_resampler.proj_in.weight'

/**
 * Recognises a projection by its keys, and makes it without weights.
 *
 * @param file for errors
 * @throws IPAdapterError if it is of no kind that is known, or a tensor that tells its sizes is missing; SafetensorsError
 */
export function matchProjection(tensors: ProjectionTensors, file: string): MatchedProjection {
  if (tensors.has(FACE_ID_PLUS)) {
    const problem =
      'It is a FaceID Plus adapter, which looks at the embedding of a face and at a picture of it at once. '
    throw new IPAdapterError(file, `${problem}This is unsupported. Use a base, plus or full-face adapter.`)
  }
  const kind = KINDS.find(({ key }) => tensors.has(key))
  if (kind === undefined) {
    const known = KINDS.map(({ key }) => `image_proj.${key}`).join(', ')
    throw new IPAdapterError(file, `It has none of the known image projections: one of the tensors ${known}.`)
  }
  const renamed = rename(tensors, kind)
  return { projection: kind.create(new Sizes(renamed, tensors, file)), tensors: renamed }
}

/** The tensors by our names; keys and values that are one matrix in the file are two. */
function rename(tensors: ProjectionTensors, { names }: ProjectionKind): ProjectionTensors {
  const renamed = new Map<string, TensorInfo>()
  for (const [key, info] of tensors) {
    const [pattern, to] = names.find(([pattern]) => pattern.test(key)) ?? [/^/, '']
    const name = key.replace(pattern, to)
    if (!name.endsWith('.to_kv.weight')) {
      renamed.set(name, info)
      continue
    }
    for (const [i, part] of splitRows(info, 2, `image_proj.${key}`).entries()) {
      renamed.set(name.replace('to_kv', ['to_k', 'to_v'][i] as string), part)
    }
  }
  return renamed
}

/** The sizes that the tensors of a file tell. */
class Sizes {
  constructor(
    private readonly tensors: ProjectionTensors,
    private readonly asStored: ProjectionTensors,
    private readonly file: string,
  ) {}

  /** The size of a dimension of a tensor, by our name or by that of the file. @throws IPAdapterError */
  of(name: string, axis: number): number {
    const size = (this.tensors.get(name) ?? this.asStored.get(name))?.shape[axis]
    if (size !== undefined && size > 0) return size
    throw new IPAdapterError(
      this.file,
      `It is damaged: its image projection has no tensor "${name}" with ${axis + 1} dimensions.`,
    )
  }

  /** How many numbers there are that a pattern finds. */
  count(pattern: RegExp): number {
    const numbers = [...this.tensors.keys()].map(key => pattern.exec(key)?.[1]).filter(number => number !== undefined)
    return new Set(numbers).size
  }
}

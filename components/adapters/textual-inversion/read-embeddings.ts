/** Reads the vectors of a textual inversion. Counterpart: loaders/textual_inversion.py (load_textual_inversion_state_dicts, _retrieve_tokens_and_embeddings) */
import { basename, extname } from 'node:path'
import type { TensorInfo } from '../../checkpoints/checkpoint'
import { SafetensorsFile } from '../../checkpoints/safetensors-file'
import { countNonFiniteAsync } from '../../tensors/non-finite'
import { fileHint } from '../file-hint'
import { shownKeys } from '../shown-keys'
import { TextualInversionError } from './textual-inversion-error'

/** The text encoders that a file may have vectors for, by the names of the components. */
export type ConceptEncoder = 'textEncoder' | 'textEncoder2'

/** Vectors in a file. */
export interface VectorsInFile {
  /** The text encoder that the file states; `undefined` where it states none. */
  readonly encoder: ConceptEncoder | undefined
  readonly key: string
  readonly info: TensorInfo
  readonly count: number
  readonly width: number
}

/** What a file holds. */
export interface EmbeddingFile {
  /** The word that the file states; where it states none, its name without the ending. */
  readonly token: string
  readonly vectors: readonly VectorsInFile[]
}

/** Keys of the text encoders of Stable Diffusion XL. */
const XL_KEYS: Readonly<Record<string, ConceptEncoder>> = { clip_l: 'textEncoder', clip_g: 'textEncoder2' }

/** The key of A1111's files. */
const A1111_KEY = 'emb_params'

/**
 * Reads a file in the form of diffusers (one tensor, whose name is the word), of A1111 (`emb_params`), or of Stable Diffusion XL (`clip_l`, `clip_g`). All values are
 * read once, to see that they are finite; the vectors stay in the file.
 *
 * @throws TextualInversionError, SafetensorsError, PickleCheckpointError, MissingFileError; the reason of `signal`
 */
export async function readEmbeddings(path: string, signal?: AbortSignal): Promise<EmbeddingFile> {
  const file = await SafetensorsFile.open(path)
  try {
    const { keys } = file
    const isXL = keys.length > 0 && keys.every(key => Object.hasOwn(XL_KEYS, key))
    const [only, ...others] = keys
    if (only === undefined || (others.length > 0 && !isXL)) {
      const held = only === undefined ? 'no tensor' : `${keys.length} tensors: ${shownKeys(keys)}`
      const detail = `is not a textual inversion: it must hold one tensor, or clip_l and clip_g. It holds ${held}.${fileHint(file)}`
      throw new TextualInversionError(path, 'not-an-embedding', detail)
    }
    const vectors: VectorsInFile[] = []
    for (const key of keys) vectors.push(await readVectors(file, key, signal))
    const [{ count }] = vectors as [VectorsInFile] // At least one key.
    if (vectors.some(other => other.count !== count)) {
      const detail = `has ${vectors.map(each => `${each.count} vectors in "${each.key}"`).join(' and ')}. There must be as many for each text encoder.`
      throw new TextualInversionError(path, 'not-an-embedding', detail)
    }
    const isNamed = !isXL && only !== A1111_KEY
    return { token: isNamed ? only : basename(path, extname(path)), vectors }
  } finally {
    await file.close()
  }
}

async function readVectors(
  file: SafetensorsFile,
  key: string,
  signal: AbortSignal | undefined,
): Promise<VectorsInFile> {
  const info = file.info(key)
  const [width = 0, count = 1] = [...info.shape].reverse()
  if (info.shape.length < 1 || info.shape.length > 2 || width === 0 || count === 0) {
    const detail = `is not a textual inversion: "${key}" has the shape [${info.shape.join(', ')}], and vectors have [width] or [count, width].`
    throw new TextualInversionError(file.path, 'not-an-embedding', detail)
  }
  signal?.throwIfAborted()
  const values = await file.readFloat32(key)
  const bad = await countNonFiniteAsync(values, signal)
  if (bad > 0) {
    const detail = `${bad} of ${values.length} values of "${key}" are NaN or infinite. The file is damaged: download it again.`
    throw new TextualInversionError(file.path, 'non-finite', detail)
  }
  return { encoder: XL_KEYS[key], key, info, count, width }
}

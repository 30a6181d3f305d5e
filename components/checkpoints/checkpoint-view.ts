/** Tensors of a checkpoint under other names, and parts of them as tensors of their own. */
import { BLOCK_SIZES, isBlockDType } from './block-dtypes'
import type { Checkpoint, TensorInfo } from './checkpoint'
import { weightFileError, wrongDType } from './format-errors'
import { readBytes, readFloat32 } from './read-tensor'
import { holdsFloats } from './weight-dtypes'

/** Looks like a checkpoint, and has the bytes of another. Nothing is copied: a part of a tensor is a range of its file. */
export class CheckpointView implements Checkpoint {
  /**
   * @param path the file, for errors
   * @param tensors where each tensor lies, by the names of the view
   */
  constructor(
    readonly path: string,
    private readonly tensors: ReadonlyMap<string, TensorInfo>,
  ) {}

  get keys(): readonly string[] {
    return [...this.tensors.keys()]
  }

  info(key: string): TensorInfo {
    const info = this.tensors.get(key)
    if (info === undefined) {
      throw weightFileError(this.path, 'missing-tensor', 'is not in this checkpoint.', { tensor: key })
    }
    return info
  }

  async readFloat32(key: string): Promise<Float32Array> {
    const info = this.info(key)
    if (!holdsFloats(info.dtype)) throw wrongDType(this.path, key, info.dtype)
    return readFloat32(info)
  }

  async readBytes(key: string): Promise<Uint8Array> {
    return new Uint8Array(await readBytes(this.info(key)))
  }

  /** Does nothing: a view holds no file open. */
  async close(): Promise<void> {}
}

/**
 * Returns equal parts of a tensor along its first dimension.
 *
 * @throws WeightFileError (`invalid-shape`) if they would not be equal
 */
export function splitRows(info: TensorInfo, count: number, tensor: string): TensorInfo[] {
  const [rows = 0, ...rest] = info.shape
  if (rows === 0 || rows % count !== 0) {
    const detail = `has ${rows} rows, which cannot be split into ${count} equal parts.`
    throw weightFileError(info.file, 'invalid-shape', detail, { tensor })
  }
  const bytes = (info.end - info.begin) / count
  if (isBlockDType(info.dtype) && bytes % BLOCK_SIZES[info.dtype].bytes !== 0) {
    const detail = `is split into ${count} parts, which do not end where blocks of ${info.dtype} end.`
    throw weightFileError(info.file, 'invalid-shape', detail, { tensor })
  }
  const { scale } = info
  const scales = scale && scale.shape[0] === rows ? splitRows(scale, count, tensor) : undefined
  return Array.from({ length: count }, (_, i) => ({
    ...info,
    ...(scales && { scale: scales[i] as TensorInfo }),
    shape: [rows / count, ...rest],
    begin: info.begin + i * bytes,
    end: info.begin + (i + 1) * bytes,
  }))
}

/** Reads one tensor that was left in its file, while other work continues. */
import type { FileHandle } from 'node:fs/promises'
import { openRegularFile } from '../../src/files/read-file'
import { runInSlices } from '../../src/runtime/time-slice'
import { allocateBytes } from './allocate-bytes'
import { applyScale } from './apply-scale'
import type { TensorInfo } from './checkpoint'
import { weightFileError } from './format-errors'
import { unopenable } from './open-errors'
import { endsEarly, requireUnchanged } from './require-unchanged'
import { inRowMajorOrder } from './row-major-order'
import { toFloat32Async } from './weight-dtypes'
import { fromWindowsLoop } from './window-order'

/** The most that one read asks of the system. */
const BYTES_PER_READ = 2 ** 30

/**
 * The numbers of a tensor as float32, in row-major order.
 *
 * @throws WeightFileError if the file cannot be read, was written to since it was opened, or the tensor holds no floats
 */
export async function readFloat32(info: TensorInfo): Promise<Float32Array> {
  const values = await toFloat32Async(info.dtype, await readBytes(info))
  if (values) return runInSlices(fromWindowsLoop(info, await scaled(info, inRowMajorOrder(info, values))))
  throw weightFileError(info.file, 'wrong-dtype', `holds ${info.dtype}, but floats were asked for.`)
}

async function scaled(info: TensorInfo, values: Float32Array): Promise<Float32Array> {
  return info.scale === undefined ? values : applyScale(values, await readFloat32(info.scale))
}

/** The bytes of a tensor. Fails as {@link readFloat32} does. */
export async function readBytes(info: TensorInfo): Promise<ArrayBuffer> {
  const { file, begin } = info
  let handle: FileHandle
  try {
    handle = await openRegularFile(file)
  } catch (cause) {
    throw unopenable(file, cause)
  }
  try {
    requireUnchanged(info, await handle.stat())
    const bytes = allocateBytes(info)
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, BYTES_PER_READ)
      const { bytesRead } = await handle.read(bytes, done, length, begin + done)
      if (bytesRead === 0) throw endsEarly(info, begin + done)
      done += bytesRead
    }
    return bytes.buffer
  } finally {
    await handle.close()
  }
}

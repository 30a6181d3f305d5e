/** Reads one tensor at once, for a weight that is needed now although it was left in its file. */
import { closeSync, fstatSync, readSync } from 'node:fs'
import { openRegularFileSync } from '../../src/files/read-file'
import { runAtOnce } from '../../src/runtime/time-slice'
import { allocateBytes } from './allocate-bytes'
import { applyScale } from './apply-scale'
import type { TensorInfo } from './checkpoint'
import { weightFileError } from './format-errors'
import { unopenable } from './open-errors'
import { endsEarly, requireUnchanged } from './require-unchanged'
import { inRowMajorOrder } from './row-major-order'
import { toFloat32 } from './weight-dtypes'
import { fromWindowsLoop } from './window-order'

/** The most that one read asks of the system. */
const BYTES_PER_READ = 2 ** 30

/**
 * The numbers of a tensor as float32, in row-major order.
 *
 * @throws WeightFileError if the file cannot be read, was written to since it was opened, or the tensor holds no floats
 */
export function readFloat32Sync(info: TensorInfo): Float32Array {
  const values = toFloat32(info.dtype, readBytesSync(info))
  if (values) {
    const ordered = inRowMajorOrder(info, values)
    const scaled = info.scale === undefined ? ordered : applyScale(ordered, readFloat32Sync(info.scale))
    return runAtOnce(fromWindowsLoop(info, scaled))
  }
  throw weightFileError(info.file, 'wrong-dtype', `holds ${info.dtype}, but floats were asked for.`)
}

/** The bytes of a tensor as they are in its file. @throws WeightFileError if the file cannot be read, or was written to since it was opened */
export function readBytesSync(info: TensorInfo): ArrayBuffer {
  const { file, begin } = info
  let handle: number
  try {
    handle = openRegularFileSync(file)
  } catch (cause) {
    throw unopenable(file, cause)
  }
  try {
    requireUnchanged(info, fstatSync(handle))
    const bytes = allocateBytes(info)
    for (let done = 0; done < bytes.length; ) {
      const bytesRead = readSync(handle, bytes, done, Math.min(bytes.length - done, BYTES_PER_READ), begin + done)
      if (bytesRead === 0) throw endsEarly(info, begin + done)
      done += bytesRead
    }
    return bytes.buffer
  } finally {
    closeSync(handle)
  }
}

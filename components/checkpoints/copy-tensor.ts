/** Takes the bytes of a tensor from one file to another without decoding them. */
import { openRegularFile } from '../../src/files/read-file'
import type { TensorInfo } from './checkpoint'
import { weightFileError } from './format-errors'
import { unopenable } from './open-errors'
import { requireUnchanged } from './require-unchanged'

/** The bytes of a list of numbers, which are not copied. */
export function viewBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Bytes that are in memory at once. */
const CHUNK_BYTES = 2 ** 22

/**
 * The bytes of a tensor, piece by piece.
 *
 * @throws WeightFileError if the file cannot be read, or was written to since it was opened
 * @throws the reason of `signal`
 */
export async function* tensorBytes(info: TensorInfo, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  const { file, begin, end } = info
  const handle = await openRegularFile(file).catch(cause => {
    throw unopenable(file, cause)
  })
  try {
    requireUnchanged(info, await handle.stat())
    for (let position = begin; position < end; ) {
      signal?.throwIfAborted()
      // A new buffer for each piece: the writer may still hold the one before.
      const { bytesRead, buffer } = await handle.read(new Uint8Array(Math.min(CHUNK_BYTES, end - position)), {
        position,
      })
      if (bytesRead === 0) throw weightFileError(file, 'truncated', `ends at byte ${position}.`)
      yield buffer.subarray(0, bytesRead)
      position += bytesRead
    }
  } finally {
    await handle.close()
  }
}

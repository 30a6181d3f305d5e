/** The length of a header, which a safetensors file begins with, is checked before that much memory is asked for. */
import { GGUF_MAGIC } from './gguf-header'
import { SafetensorsError } from './safetensors-error'
import { LENGTH_BYTES, MAX_HEADER_BYTES } from './safetensors-header'

const INCOMPLETE = 'It is incomplete: download or copy it again.'

/** Makes sure that a file has room for the length of a header. @throws SafetensorsError */
export function requireLengthBytes(path: string, size: number): void {
  if (size >= LENGTH_BYTES) return
  throw new SafetensorsError(path, 'truncated', `has ${size} bytes, too few for a safetensors file. ${INCOMPLETE}`)
}

/**
 * Returns how many bytes the header has.
 *
 * @param start the first bytes of the file
 * @param size bytes of the whole file
 * @throws SafetensorsError for a header that is too long, or longer than the file
 */
export function headerLength(path: string, start: Uint8Array, size: number): number {
  const { buffer, byteOffset } = start
  const length = Number(new DataView(buffer, byteOffset).getBigUint64(0, true))
  if (length > MAX_HEADER_BYTES) {
    const detail = `its header would have ${length} bytes, but at most ${MAX_HEADER_BYTES} are allowed. ${probableKind(start)}`
    throw new SafetensorsError(path, 'header-too-large', detail)
  }
  if (LENGTH_BYTES + length > size) {
    const detail = `its header ends at byte ${LENGTH_BYTES + length}, but the file has only ${size}. ${INCOMPLETE}`
    throw new SafetensorsError(path, 'truncated', detail)
  }
  return length
}

/** What a file probably is whose first bytes are not the length of a header. */
function probableKind(start: Uint8Array): string {
  const text = Buffer.from(start).toString('latin1')
  if (text === 'version ') return 'This is a Git LFS pointer: fetch the file itself with "git lfs pull".'
  if (text.startsWith(GGUF_MAGIC)) return 'This is a GGUF file: its name must end with .gguf, and it must be a model.'
  if (text.startsWith('PK') || text.startsWith('\x80')) return 'It looks like a PyTorch pickle, which is never read.'
  return 'It is damaged or not a safetensors file.'
}

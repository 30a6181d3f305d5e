/** What every file or folder of weights offers, however it is stored: named tensors that are read one at a time. */

/** The element types of a safetensors file that Tesserae reads. */
export type WeightDType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL'

/** The types of a GGUF file whose elements share scales, block by block. llama.cpp's names. */
export type BlockDType =
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q8_0'
  | 'Q2_K'
  | 'Q3_K'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K'
  | 'IQ4_NL'
  | 'IQ4_XS'

/**
 * Integers with scales, in the form that {@link withRowScales} finds. The scales are a tensor of their own.
 *
 * - `I8_ROWS`: 8 bits, with a scale for each row. A header calls the integers `I8`.
 * - `I4_ROWS`: 4 bits, two in a byte, with a scale for each 64 in a row. A header calls the bytes `U8`. The positions of a convolution's window come before its channels.
 */
export type RowDType = 'I8_ROWS' | 'I4_ROWS'

/** How the numbers of a tensor are in a file of weights. */
export type StoredDType = WeightDType | BlockDType | RowDType

/** Where one tensor lies and what it is, known without reading its numbers. */
export interface TensorInfo {
  /** Type of the elements in the file. */
  readonly dtype: StoredDType
  /** Shape in the file, which is PyTorch's. */
  readonly shape: readonly number[]
  /** Whether the file holds the transpose of this matrix: its numbers lie column by column. Default: false. */
  readonly isTransposed?: boolean
  /** Where the factor of the numbers is, or one for each row or part of a row: 8-bit floats may come with them, and rows of integers always do. */
  readonly scale?: TensorInfo
  /** The file that holds the numbers. */
  readonly file: string
  /** Offset of the first byte, counted from the start of the file. */
  readonly begin: number
  /** Offset behind the last byte, counted from the start of the file. */
  readonly end: number
  /** What the file was like when its header was read; absent for tensors that were never in a checkpoint. */
  readonly stamp?: FileStamp
}

/** A tensor of a safetensors file. */
export interface SafetensorsTensor extends TensorInfo {
  readonly dtype: WeightDType
}

/** What shows that a file has been written to. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number
  /** Time of the last change, in milliseconds. */
  readonly modified: number
}

/** Named tensors on disk. The numbers stay there until they are asked for; close it when done. */
export interface Checkpoint {
  /** The file, or for a sharded checkpoint its index file. */
  readonly path: string
  /** The names of all tensors, in the order of the file. */
  readonly keys: readonly string[]
  /**
   * What a tensor is and where it lies.
   *
   * @throws WeightFileError (`missing-tensor`) if the checkpoint has no such tensor
   */
  info(key: string): TensorInfo
  /**
   * Reads a tensor of floats as float32, in the row-major order of the file. Eight-bit floats and blocks are decoded.
   *
   * @throws WeightFileError if there is no such tensor (`missing-tensor`), if it holds no floats (`wrong-dtype`), or
   * if the file ends before it does (`truncated`)
   */
  readFloat32(key: string): Promise<Float32Array>
  /** Reads the bytes of a tensor as they are, little-endian, into a buffer of its own that starts at offset 0. */
  readBytes(key: string): Promise<Uint8Array>
  /** Closes the files. Reading afterwards fails; closing again does nothing. */
  close(): Promise<void>
}

/** A checkpoint of safetensors files. */
export interface SafetensorsCheckpoint extends Checkpoint {
  info(key: string): SafetensorsTensor
}

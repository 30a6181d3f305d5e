/** A safetensors file, or a folder of them, that cannot be used. */
import { ModularError } from '../../src/errors/modular-error'
import { printableName } from '../../src/errors/printable'

/** What is wrong with the file, or with what was asked of it. */
export type SafetensorsProblem =
  /** The file cannot be read at all. */
  | 'unreadable'
  /** The file ends before its header or its tensors do. */
  | 'truncated'
  | 'header-too-large'
  /** The header is not a JSON object of the documented form. */
  | 'invalid-header'
  | 'unknown-dtype'
  | 'invalid-shape'
  | 'invalid-offsets'
  /** The bytes of a tensor are more or fewer than its shape and type need. */
  | 'size-mismatch'
  /** Two tensors share bytes. */
  | 'overlap'
  /** Bytes belong to no tensor. */
  | 'gap'
  /** The index of a sharded checkpoint is malformed, or does not agree with its shards. */
  | 'invalid-index'
  | 'missing-tensor'
  /** The tensor does not fit into memory. */
  | 'too-large'
  /** Floats were asked for, and the tensor holds something else. */
  | 'wrong-dtype'
  | 'closed'
  /** The file is no longer what it was when it was opened. */
  | 'changed'

/** Which tensor it was, and what led to the error. */
export interface SafetensorsErrorOptions {
  tensor?: string
  cause?: unknown
}

/** A file of weights that is damaged, incomplete or not of this format, or that does not hold what was asked for. */
export class SafetensorsError extends ModularError {
  override readonly code = 'SAFETENSORS'
  /** The tensor that the problem is about, where it is about one. */
  readonly tensor: string | undefined

  constructor(
    /** The file that was read or written. */
    readonly file: string,
    readonly problem: SafetensorsProblem,
    detail: string,
    { tensor, cause }: SafetensorsErrorOptions = {},
  ) {
    super(`${file}: ${tensor === undefined ? '' : `tensor "${printableName(tensor)}" `}${detail}`, { cause })
    this.tensor = tensor
  }
}

/** The error for a tensor that does not hold floats. */
export function wrongDType(file: string, tensor: string, dtype: string): SafetensorsError {
  return new SafetensorsError(file, 'wrong-dtype', `holds ${dtype}, but floats were asked for.`, { tensor })
}

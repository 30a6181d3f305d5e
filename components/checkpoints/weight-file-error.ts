/** A file of weights, of whatever format, that cannot be used. */
import { ModularError } from '../../src/errors/modular-error'
import { printableName } from '../../src/errors/printable'

/** What is wrong with the file, or with what was asked of it. */
export type WeightFileProblem =
  /** The file cannot be read at all. */
  | 'unreadable'
  /** The file ends before its header or its tensors do. */
  | 'truncated'
  | 'header-too-large'
  /** The header is not of the documented form. */
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
  /** Values are NaN or infinite. */
  | 'non-finite'
  | 'closed'
  /** The file is no longer what it was when it was opened. */
  | 'changed'

/** Which tensor it was, and what led to the error. */
export interface WeightFileErrorOptions {
  tensor?: string
  cause?: unknown
}

/** What the errors of all formats have in common. */
export abstract class WeightFileError extends ModularError {
  /** The tensor that the problem is about, where it is about one. */
  readonly tensor: string | undefined

  constructor(
    /** The file that was read or written. */
    readonly file: string,
    /** The kind of problem. */
    readonly problem: WeightFileProblem,
    detail: string,
    { tensor, cause }: WeightFileErrorOptions = {},
  ) {
    super(`${file}: ${tensor === undefined ? '' : `tensor "${printableName(tensor)}" `}${detail}`, { cause })
    this.tensor = tensor
  }
}
